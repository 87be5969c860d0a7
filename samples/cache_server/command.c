/* SPDX-License-Identifier: MIT */
/* The table of commands, and how one is run. */
#include "command.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static void command_ping(struct client *c, const struct country_dict *dict) {
  const struct resp_parser *p = &c->parser;
  (void)dict;
  if (p->argc > 2)
    command_wrong_arity(c, "ping");
  else if (p->argc == 2)
    client_reply_bulk(c, p->argv[1].data, p->argv[1].size, NULL);
  else
    reply_simple(&c->reply, "PONG");
}

static void command_echo(struct client *c, const struct country_dict *dict) {
  (void)dict;
  client_reply_bulk(c, c->parser.argv[1].data, c->parser.argv[1].size, NULL);
}

static void command_quit(struct client *c, const struct country_dict *dict) {
  (void)dict;
  reply_simple(&c->reply, "OK");
  c->leaving = true;
}

/* What is asked most stands first. */
static const struct command commands[] = {
    {"get", command_get, 2, true, 1, 1},
    {"ping", command_ping, -1, false, 0, 0},
    {"mget", command_mget, -2, true, 1, -1},
    {"hget", command_hget, 3, true, 1, 1},
    {"hgetall", command_hgetall, 2, true, 1, 1},
    {"exists", command_exists, -2, true, 1, -1},
    {"echo", command_echo, 2, false, 0, 0},
    {"keys", command_keys, 2, true, 0, 0},
    {"dbsize", command_dbsize, 1, true, 0, 0},
    {"info", command_info, -1, false, 0, 0},
    {"command", command_command, -1, false, 0, 0},
    {"config", command_config, -2, false, 0, 0},
    {"client", command_client, -2, false, 0, 0},
    {"select", command_select, 2, false, 0, 0},
    {"flushall", command_flushall, -1, false, 0, 0},
    {"quit", command_quit, -1, false, 0, 0},
};

const struct command *command_all(size_t *out_count) {
  *out_count = sizeof commands / sizeof *commands;
  return commands;
}

bool command_is(const struct resp_slice *s, const char *word) {
  return s->size == strlen(word) && strncasecmp(s->data, word, s->size) == 0;
}

/* name is of letters in lower case: in ASCII no other byte than a letter
 * becomes one with this bit. */
static inline bool is_name(const struct resp_slice *s, const char *name) {
  size_t i = 0;
  while (i < s->size && (s->data[i] | 0x20) == name[i])
    i++;
  return i == s->size && name[i] == '\0';
}

const struct command *command_find(const struct resp_slice *name) {
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
    if (is_name(name, commands[i].name))
      return &commands[i];
  return NULL;
}

void command_wrong_arity(struct client *c, const char *name) {
  reply_error_begin(&c->reply);
  reply_error_text(&c->reply, "ERR wrong number of arguments for '");
  reply_error_text(&c->reply, name);
  reply_error_text(&c->reply, "' command");
  reply_error_end(&c->reply);
}

void command_unknown_sub(struct client *c, const char *name) {
  const struct resp_slice *sub = &c->parser.argv[1];
  reply_error_begin(&c->reply);
  reply_error_text(&c->reply, "ERR unknown subcommand '");
  reply_error_name(&c->reply, sub->data, sub->size, REPLY_NAME_MAX);
  reply_error_text(&c->reply, "'. Try ");
  reply_error_text(&c->reply, name);
  reply_error_text(&c->reply, " HELP.");
  reply_error_end(&c->reply);
}

/* The arguments are shown as Redis shows them: some 128 bytes of them. */
static void unknown(struct client *c) {
  const struct resp_parser *p = &c->parser;
  size_t shown = 0;
  reply_error_begin(&c->reply);
  reply_error_text(&c->reply, "ERR unknown command '");
  reply_error_name(&c->reply, p->argv[0].data, p->argv[0].size, REPLY_NAME_MAX);
  reply_error_text(&c->reply, "', with args beginning with: ");
  for (size_t i = 1; i < p->argc && shown < REPLY_NAME_MAX; i++) {
    size_t most = REPLY_NAME_MAX - shown;
    size_t size = p->argv[i].size < most ? p->argv[i].size : most;
    reply_error_text(&c->reply, "'");
    reply_error_name(&c->reply, p->argv[i].data, size, size);
    reply_error_text(&c->reply, "' ");
    shown += size + 3;
  }
  reply_error_end(&c->reply);
}

/* ---- running ---- */

struct run_frame {
  vt_frame_t vt;
  struct client *c;
  const struct command *command;
};

static void not_loaded(struct client *c, int64_t status) {
  char text[192];
  snprintf(text, sizeof text, "ERR the countries cannot be loaded: %s",
           vt_strerror(status));
  reply_error(&c->reply, text);
}

/* In hand when the countries are. */
static vt_t run_body(void *frame) {
  struct run_frame *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  VT_AWAIT(f, r, get_countries(f->c->server->countries));
  if (r.status == 0)
    f->command->run(f->c, country_dict_value(r));
  else
    not_loaded(f->c, r.status);
  VT_END(f);
}

static bool is_arity(const struct command *command, size_t argc) {
  if (command->arity >= 0)
    return argc == (size_t)command->arity;
  return argc >= (size_t)-command->arity;
}

vt_t command_run(struct client *c) {
  const struct command *command = command_find(&c->parser.argv[0]);
  c->server->commands++;
  if (!command) {
    unknown(c);
  } else if (!is_arity(command, c->parser.argc)) {
    command_wrong_arity(c, command->name);
  } else if (command->needs_data) {
    struct run_frame f = {.c = c, .command = command};
    return vt_start(&f, run_body);
  } else {
    command->run(c, NULL);
  }
  return vt_done();
}
