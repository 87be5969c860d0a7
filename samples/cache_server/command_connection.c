/* SPDX-License-Identifier: MIT */
/* The commands about the connection itself: its protocol, its password, its
 * end. Who says a wrong password waits for the answer, longer each time. */
#include "command.h"

#include <stdlib.h>
#include <string.h>

#define WRONG_PASSWORD                                                         \
  "WRONGPASS invalid username-password pair or user is disabled."
#define NO_PASSWORD                                                            \
  "ERR AUTH <password> called without any password configured for the "        \
  "default user. Are you sure your configuration is correct?"
#define HELLO_FIRST                                                            \
  "NOAUTH HELLO must be called with the client already authenticated, "        \
  "otherwise the HELLO <proto> AUTH <user> <pass> option can be used to "      \
  "authenticate the client and select the RESP protocol version at the same "  \
  "time"

/* ---- the session ---- */

static void authenticate(struct client *c, bool yes) {
  c->session.authenticated = yes;
  resp_guard(&c->parser, !yes);
}

void session_begin(struct client *c) {
  c->session = (struct session){.began_ms = uv_now(c->server->uv)};
  authenticate(c, c->server->options.auth == NULL);
}

void session_end(struct client *c) { vt_cancel(c->session.pause); }

/* ---- PING, ECHO, SELECT, QUIT, RESET ---- */

void command_ping(struct client *c, const struct country_dict *dict) {
  const struct resp_parser *p = &c->parser;
  (void)dict;
  if (p->argc > 2)
    command_wrong_arity(c, "ping");
  else if (p->argc == 2)
    client_reply_bulk(c, p->argv[1].data, p->argv[1].size, NULL);
  else
    reply_simple(&c->reply, "PONG");
}

void command_echo(struct client *c, const struct country_dict *dict) {
  (void)dict;
  client_reply_bulk(c, c->parser.argv[1].data, c->parser.argv[1].size, NULL);
}

void command_select(struct client *c, const struct country_dict *dict) {
  int64_t index;
  (void)dict;
  if (!command_integer(&c->parser.argv[1], &index) || index != (int)index)
    reply_error(&c->reply, COMMAND_NOT_INTEGER);
  else if (index != 0)
    reply_error(&c->reply, "ERR DB index is out of range");
  else
    reply_simple(&c->reply, "OK");
}

void command_quit(struct client *c, const struct country_dict *dict) {
  (void)dict;
  reply_simple(&c->reply, "OK");
  c->leaving = true;
}

/* Its name, protocol, password and CLIENT REPLY; failures stay counted. */
void command_reset(struct client *c, const struct country_dict *dict) {
  (void)dict;
  free(c->name);
  c->name = NULL;
  c->session.replies = SESSION_REPLIES;
  c->seat.kept = false;
  reply_mute(&c->reply, false);
  c->reply.resp3 = false;
  authenticate(c, c->server->options.auth == NULL);
  reply_simple(&c->reply, "RESET");
}

/* ---- AUTH ---- */

/* Without a password set, the user may say any. */
static bool is_right(const struct client *c, const struct resp_slice *user,
                     const struct resp_slice *password) {
  const struct auth *auth = c->server->options.auth;
  bool known =
      !user || (user->size == 7 && memcmp(user->data, "default", 7) == 0);
  bool right = !auth || auth_is(auth, password->data, password->size);
  return known && right;
}

struct refuse_frame {
  vt_frame_t vt;
  struct client *c;
};

static vt_t refuse_body(void *frame) {
  struct refuse_frame *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  f->c->session.pause = vt_delay(auth_delay_ms(++f->c->session.failures));
  VT_AWAIT(f, r, f->c->session.pause);
  f->c->session.pause = vt_done();
  if (r.status != 0) /* no answer before its time */
    VT_RETURN(f, vt_failed(r.status));
  reply_error(&f->c->reply, WRONG_PASSWORD);
  VT_END(f);
}

static vt_t refuse(struct client *c) {
  struct refuse_frame f = {.c = c};
  return vt_start(&f, refuse_body);
}

vt_t command_auth(struct client *c) {
  const struct resp_slice *argv = c->parser.argv;
  bool named = c->parser.argc == 3;
  if (c->parser.argc > 3) {
    reply_error(&c->reply, COMMAND_SYNTAX);
  } else if (!named && !c->server->options.auth) {
    reply_error(&c->reply, NO_PASSWORD);
  } else if (!is_right(c, named ? &argv[1] : NULL, &argv[named ? 2 : 1])) {
    return refuse(c);
  } else {
    authenticate(c, true);
    reply_simple(&c->reply, "OK");
  }
  return vt_done();
}

/* ---- HELLO ---- */

/* What is asked; NULL: not. */
struct hello {
  int64_t version; /* 0: as it is */
  const struct resp_slice *user, *password, *name;
};

/* False with the error added. */
static bool read_hello(struct client *c, struct hello *h) {
  const struct resp_parser *p = &c->parser;
  if (p->argc > 1 && !command_integer(&p->argv[1], &h->version)) {
    reply_error(&c->reply,
                "ERR Protocol version is not an integer or out of range");
    return false;
  }
  if (p->argc > 1 && h->version != 2 && h->version != 3) {
    reply_error(&c->reply, "NOPROTO unsupported protocol version");
    return false;
  }
  for (size_t i = 2; i < p->argc; i++) {
    size_t left = p->argc - 1 - i;
    if (left >= 2 && command_is(&p->argv[i], "auth")) {
      h->user = &p->argv[++i];
      h->password = &p->argv[++i];
    } else if (left >= 1 && command_is(&p->argv[i], "setname")) {
      h->name = &p->argv[++i];
    } else {
      command_error_with(c, "ERR Syntax error in HELLO option '", &p->argv[i],
                         "'");
      return false;
    }
  }
  return true;
}

/* The dialect that is spoken, as clients ask for it here; INFO names the
 * server. */
static void reply_hello(struct client *c) {
  struct reply *r = &c->reply;
  reply_map(r, 7);
  reply_bulk_string(r, "server");
  reply_bulk_string(r, "redis");
  reply_bulk_string(r, "version");
  reply_bulk_string(r, COMMAND_DIALECT);
  reply_bulk_string(r, "proto");
  reply_integer(r, r->resp3 ? 3 : 2);
  reply_bulk_string(r, "id");
  reply_integer(r, (int64_t)c->id);
  reply_bulk_string(r, "mode");
  reply_bulk_string(r, "standalone");
  reply_bulk_string(r, "role");
  reply_bulk_string(r, "master");
  reply_bulk_string(r, "modules");
  reply_array(r, 0);
}

vt_t command_hello(struct client *c) {
  struct hello h = {0};
  if (!read_hello(c, &h))
    return vt_done();
  if (h.user && !is_right(c, h.user, h.password))
    return refuse(c);
  if (h.user)
    authenticate(c, true);
  if (!c->session.authenticated) {
    reply_error(&c->reply, HELLO_FIRST);
    return vt_done();
  }
  if (h.name && !command_set_name(c, h.name))
    return vt_done();
  if (h.version != 0)
    c->reply.resp3 = h.version == 3;
  reply_hello(c);
  return vt_done();
}
