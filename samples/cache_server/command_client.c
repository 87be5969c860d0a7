/* SPDX-License-Identifier: MIT */
/* CLIENT, where it is about the connection itself. */
#include "command.h"

#include <stdlib.h>
#include <string.h>

/* ---- names ---- */

static bool is_printable(const struct resp_slice *s) {
  for (size_t i = 0; i < s->size; i++)
    if (s->data[i] < '!' || s->data[i] > '~')
      return false;
  return true;
}

/* An empty name is none. */
static bool take_name(struct client *c, const struct resp_slice *name) {
  char *copy = name->size ? malloc(name->size + 1) : NULL;
  if (name->size && !copy)
    return false;
  if (copy) {
    memcpy(copy, name->data, name->size);
    copy[name->size] = '\0';
  }
  free(c->name);
  c->name = copy;
  return true;
}

bool command_set_name(struct client *c, const struct resp_slice *name) {
  if (!is_printable(name))
    reply_error(&c->reply, "ERR Client names cannot contain spaces, newlines "
                           "or special characters.");
  else if (name->size > CLIENT_NAME_MAX)
    reply_error(&c->reply, "ERR Client names cannot be this long.");
  else if (!take_name(c, name))
    reply_error(&c->reply, "ERR not enough memory");
  else
    return true;
  return false;
}

void command_client_setname(struct client *c, const struct country_dict *dict) {
  (void)dict;
  if (command_set_name(c, &c->parser.argv[2]))
    reply_simple(&c->reply, "OK");
}

void command_client_getname(struct client *c, const struct country_dict *dict) {
  (void)dict;
  if (c->name)
    reply_bulk_string(&c->reply, c->name);
  else
    reply_null(&c->reply);
}

void command_client_id(struct client *c, const struct country_dict *dict) {
  (void)dict;
  reply_integer(&c->reply, (int64_t)c->id);
}

/* Longer ones than are kept are cut: they are for people. */
static void keep(char *to, size_t most, const struct resp_slice *value) {
  size_t size = value->size < most ? value->size : most;
  memcpy(to, value->data, size);
  to[size] = '\0';
}

void command_client_setinfo(struct client *c, const struct country_dict *dict) {
  const struct resp_slice *what = &c->parser.argv[2];
  const struct resp_slice *value = &c->parser.argv[3];
  bool library = command_is(what, "lib-name");
  (void)dict;
  if (!library && !command_is(what, "lib-ver")) {
    command_error_with(c, "ERR Unrecognized option '", what, "'");
  } else if (!is_printable(value)) {
    command_error_with(
        c, "ERR ", what,
        " cannot contain spaces, newlines or special characters.");
  } else {
    if (library)
      keep(c->session.library, SESSION_LIBRARY_MAX, value);
    else
      keep(c->session.version, SESSION_VERSION_MAX, value);
    reply_simple(&c->reply, "OK");
  }
}

/* ---- REPLY, NO-EVICT ---- */

void command_client_reply(struct client *c, const struct country_dict *dict) {
  const struct resp_slice *how = &c->parser.argv[2];
  struct session *s = &c->session;
  (void)dict;
  if (command_is(how, "on")) {
    s->replies = SESSION_REPLIES;
    reply_mute(&c->reply, false);
    reply_simple(&c->reply, "OK");
  } else if (command_is(how, "off")) {
    s->replies = SESSION_SILENT;
    reply_mute(&c->reply, true);
  } else if (command_is(how, "skip")) {
    if (s->replies != SESSION_SILENT)
      s->replies = SESSION_SKIP_NEXT;
  } else {
    reply_error(&c->reply, COMMAND_SYNTAX);
  }
}

void command_client_no_evict(struct client *c,
                             const struct country_dict *dict) {
  const struct resp_slice *how = &c->parser.argv[2];
  bool on = command_is(how, "on");
  (void)dict;
  if (!on && !command_is(how, "off")) {
    reply_error(&c->reply, COMMAND_SYNTAX);
    return;
  }
  c->seat.kept = on;
  reply_simple(&c->reply, "OK");
}
