/* SPDX-License-Identifier: MIT */
/* Finds a command, says why it cannot run, or runs it. */
#include "command.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define NO_AUTH "NOAUTH Authentication required."

/* ---- finding ---- */

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

/* GET, which is asked most, without a look at the others. */
const struct command *command_find(const struct resp_slice *name) {
  const char *s = name->data;
  if (VT_LIKELY(name->size == 3 && (s[0] | 0x20) == 'g' &&
                (s[1] | 0x20) == 'e' && (s[2] | 0x20) == 't'))
    return command_list;
  for (size_t i = 1; i < command_count; i++)
    if (is_name(name, command_list[i].name))
      return &command_list[i];
  return NULL;
}

const struct command *command_find_sub(const struct command *container,
                                       const struct resp_slice *name) {
  size_t skip = strlen(container->name) + 1;
  for (size_t i = 0; i < container->sub_count; i++)
    if (command_is(name, container->subs[i].name + skip))
      return &container->subs[i];
  return NULL;
}

/* Also container|name in one word. */
const struct command *command_find_words(const struct resp_slice *argv,
                                         size_t argc) {
  const char *bar = memchr(argv[0].data, '|', argv[0].size);
  if (bar) {
    struct resp_slice words[2] = {
        {argv[0].data, (size_t)(bar - argv[0].data)},
        {bar + 1, argv[0].size - (size_t)(bar + 1 - argv[0].data)}};
    const struct command *container = command_find(&words[0]);
    return container ? command_find_sub(container, &words[1]) : NULL;
  }
  const struct command *command = command_find(&argv[0]);
  if (!command || !command->subs || argc < 2)
    return command;
  return command_find_sub(command, &argv[1]);
}

bool command_has_arity(const struct command *command, size_t argc) {
  if (command->arity >= 0)
    return argc == (size_t)command->arity;
  return argc >= (size_t)-command->arity;
}

/* ---- arguments and errors ---- */

bool command_integer(const struct resp_slice *s, int64_t *out) {
  bool negative = s->size > 1 && s->data[0] == '-';
  size_t i = negative;
  uint64_t most = (uint64_t)INT64_MAX + negative, n = 0;
  if (s->size == 0 || (s->data[i] == '0' && s->size > 1))
    return false;
  for (; i < s->size; i++) {
    unsigned digit = (unsigned char)s->data[i] - (unsigned)'0';
    if (digit > 9 || n > (most - digit) / 10)
      return false;
    n = 10 * n + digit;
  }
  *out = negative ? -(int64_t)(n - 1) - 1 : (int64_t)n;
  return true;
}

void command_error_with(struct client *c, const char *before,
                        const struct resp_slice *name, const char *after) {
  reply_error_begin(&c->reply);
  reply_error_text(&c->reply, before);
  reply_error_name(&c->reply, name->data, name->size, REPLY_NAME_MAX);
  reply_error_text(&c->reply, after);
  reply_error_end(&c->reply);
}

void command_wrong_arity(struct client *c, const char *name) {
  struct resp_slice slice = {name, strlen(name)};
  command_error_with(c, "ERR wrong number of arguments for '", &slice,
                     "' command");
}

static void unknown_sub(struct client *c, const struct command *container) {
  char after[32];
  size_t n =
      (size_t)snprintf(after, sizeof after, "'. Try %s HELP.", container->name);
  for (size_t i = 7; i < n && after[i] != ' '; i++)
    after[i] = (char)(after[i] & ~0x20);
  command_error_with(c, "ERR unknown subcommand '", &c->parser.argv[1], after);
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
  vt_t data;
};

void command_not_loaded(struct client *c, int64_t status) {
  char text[192];
  snprintf(text, sizeof text, "ERR the countries cannot be loaded: %s",
           vt_strerror(status));
  reply_error(&c->reply, text);
}

static vt_t wait_body(void *frame) {
  struct run_frame *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  VT_AWAIT(f, r, f->data);
  if (r.status == 0)
    f->command->run(f->c, country_dict_value(r));
  else
    command_not_loaded(f->c, r.status);
  VT_END(f);
}

static vt_t wait_for(struct client *c, const struct command *command,
                     vt_t data) {
  struct run_frame f = {.c = c, .command = command, .data = data};
  return vt_start(&f, wait_body);
}

/* In hand, and without a frame, when the countries are. */
static inline vt_t read_data(struct client *c, const struct command *command) {
  vt_t data = get_countries(server_countries(c->server));
  if (VT_LIKELY(vt_is_succeeded(data))) {
    command->run(c, country_dict_value(vt_get_result(data)));
    return vt_done();
  }
  return wait_for(c, command, data);
}

/* The command that the request asks for; else NULL, and the error is added. */
static inline const struct command *choose(struct client *c) {
  const struct resp_parser *p = &c->parser;
  const struct command *command = command_find(&p->argv[0]);
  if (command && command->subs && p->argc > 1) {
    const struct command *sub = command_find_sub(command, &p->argv[1]);
    if (!sub)
      unknown_sub(c, command);
    command = sub;
  } else if (!command) {
    unknown(c);
  }
  if (!command)
    return NULL;
  if (command_has_arity(command, p->argc))
    return command;
  command_wrong_arity(c, command->name);
  return NULL;
}

/* CLIENT REPLY SKIP holds for one request. */
static void turn_mute(struct client *c) {
  bool next = c->session.replies == SESSION_SKIP_NEXT;
  if (c->session.replies == SESSION_SILENT)
    return;
  c->session.replies = next ? SESSION_SKIPPING : SESSION_REPLIES;
  reply_mute(&c->reply, next);
}

vt_t command_run(struct client *c) {
  server_count(&c->server->counts.commands, 1);
  if (c->session.replies != SESSION_REPLIES)
    turn_mute(c);
  const struct command *command = choose(c);
  if (!command)
    return vt_done();
  if (!c->session.authenticated && !(command->flags & COMMAND_NO_AUTH)) {
    reply_error(&c->reply, NO_AUTH);
    return vt_done();
  }
  c->session.command = command;
  if (command->flags & COMMAND_READ)
    return read_data(c, command);
  if (command->wait)
    return command->wait(c);
  command->run(c, NULL);
  return vt_done();
}
