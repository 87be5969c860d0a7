/* SPDX-License-Identifier: MIT */
/* COMMAND, and HELP of every container: what the table says of itself. */
#include "command.h"

#include <stdio.h>
#include <string.h>

#include "glob.h"

/* ---- one command ---- */

/* Texts to be told as a set; at most eight. */
struct words {
  size_t count;
  const char *all[8];
};

static void add_word(struct words *w, const char *word) {
  w->all[w->count++] = word;
}

static void reply_words(struct reply *r, const struct words *w) {
  reply_set(r, w->count);
  for (size_t i = 0; i < w->count; i++)
    reply_simple(r, w->all[i]);
}

static bool is_of_keys(const struct command *command) {
  return strcmp(command->group, "server") != 0 &&
         strcmp(command->group, "connection") != 0;
}

static bool is_reading(const struct command *command) {
  return command->flags & COMMAND_READ && !(command->flags & COMMAND_WRITE);
}

static void reply_flags(struct reply *r, const struct command *command) {
  struct words w = {0};
  if (command->flags & COMMAND_WRITE)
    add_word(&w, "write");
  else if (is_reading(command))
    add_word(&w, "readonly");
  if (command->flags & COMMAND_ADMIN)
    add_word(&w, "admin");
  if (command->flags & COMMAND_FAST)
    add_word(&w, "fast");
  if (command->flags & COMMAND_NO_AUTH)
    add_word(&w, "no_auth");
  reply_words(r, &w);
}

static void reply_categories(struct reply *r, const struct command *command) {
  struct words w = {0};
  if (strcmp(command->group, "generic") == 0)
    add_word(&w, "@keyspace");
  if (command->flags & COMMAND_WRITE)
    add_word(&w, "@write");
  else if (is_reading(command))
    add_word(&w, "@read");
  if (strcmp(command->group, "string") == 0)
    add_word(&w, "@string");
  if (strcmp(command->group, "hash") == 0)
    add_word(&w, "@hash");
  if (command->flags & COMMAND_ADMIN) {
    add_word(&w, "@admin");
    add_word(&w, "@dangerous");
  }
  add_word(&w, command->flags & COMMAND_FAST ? "@fast" : "@slow");
  if (strcmp(command->group, "connection") == 0)
    add_word(&w, "@connection");
  reply_words(r, &w);
}

/* Where the keys are: at an index, then a range. */
static void reply_key_specs(struct reply *r, const struct command *command) {
  struct words access = {0};
  int last = command->last_key;
  reply_set(r, command->first_key ? 1 : 0);
  if (!command->first_key)
    return;
  add_word(&access, is_reading(command) ? "RO" : "RW");
  add_word(&access, is_reading(command) ? "access" : "update");
  reply_map(r, 3);
  reply_bulk_string(r, "flags");
  reply_words(r, &access);
  reply_bulk_string(r, "begin_search");
  reply_map(r, 2);
  reply_bulk_string(r, "type");
  reply_bulk_string(r, "index");
  reply_bulk_string(r, "spec");
  reply_map(r, 1);
  reply_bulk_string(r, "index");
  reply_integer(r, command->first_key);
  reply_bulk_string(r, "find_keys");
  reply_map(r, 2);
  reply_bulk_string(r, "type");
  reply_bulk_string(r, "range");
  reply_bulk_string(r, "spec");
  reply_map(r, 3);
  reply_bulk_string(r, "lastkey");
  reply_integer(r, last < 0 ? last : last - command->first_key);
  reply_bulk_string(r, "keystep");
  reply_integer(r, 1);
  reply_bulk_string(r, "limit");
  reply_integer(r, 0);
}

static void reply_one(struct reply *r, const struct command *command) {
  reply_array(r, 10);
  reply_bulk_string(r, command->name);
  reply_integer(r, command->arity);
  reply_flags(r, command);
  reply_integer(r, command->first_key);
  reply_integer(r, command->last_key);
  reply_integer(r, command->first_key ? 1 : 0);
  reply_categories(r, command);
  reply_set(r, 0); /* tips */
  reply_key_specs(r, command);
}

/* A subcommand has none of its own, so this is no recursion. */
static void reply_command(struct reply *r, const struct command *command) {
  if (!command) {
    reply_null(r);
    return;
  }
  reply_one(r, command);
  reply_set(r, command->sub_count);
  for (size_t i = 0; i < command->sub_count; i++) {
    reply_one(r, &command->subs[i]);
    reply_set(r, 0);
  }
}

static void reply_summary(struct reply *r, const struct command *command) {
  bool container = command->sub_count > 0;
  reply_bulk_string(r, command->name);
  reply_map(r, container ? 4 : 3);
  reply_bulk_string(r, "summary");
  reply_bulk_string(r, command->summary);
  reply_bulk_string(r, "since");
  reply_bulk_string(r, command->since);
  reply_bulk_string(r, "group");
  reply_bulk_string(r, command->group);
  if (container)
    reply_bulk_string(r, "subcommands");
}

static void reply_docs(struct reply *r, const struct command *command) {
  reply_summary(r, command);
  if (command->sub_count == 0)
    return;
  reply_map(r, command->sub_count);
  for (size_t i = 0; i < command->sub_count; i++)
    reply_summary(r, &command->subs[i]);
}

/* ---- COMMAND ---- */

/* True when the request has no more arguments than are answered at once. */
static bool are_few(struct client *c) {
  if (c->parser.argc <= COMMAND_NAMES_MAX)
    return true;
  reply_error(&c->reply, "ERR too many names");
  return false;
}

void command_command(struct client *c, const struct country_dict *dict) {
  (void)dict;
  reply_array(&c->reply, command_count);
  for (size_t i = 0; i < command_count; i++)
    reply_command(&c->reply, &command_list[i]);
}

void command_command_info(struct client *c, const struct country_dict *dict) {
  const struct resp_parser *p = &c->parser;
  if (p->argc == 2) {
    command_command(c, dict);
    return;
  }
  if (!are_few(c))
    return;
  reply_array(&c->reply, p->argc - 2);
  for (size_t i = 2; i < p->argc; i++)
    reply_command(&c->reply, command_find_words(&p->argv[i], 1));
}

void command_command_count(struct client *c, const struct country_dict *dict) {
  (void)dict;
  reply_integer(&c->reply, (int64_t)command_count);
}

void command_command_docs(struct client *c, const struct country_dict *dict) {
  const struct resp_parser *p = &c->parser;
  size_t known = 0;
  (void)dict;
  if (p->argc == 2) {
    reply_map(&c->reply, command_count);
    for (size_t i = 0; i < command_count; i++)
      reply_docs(&c->reply, &command_list[i]);
    return;
  }
  if (!are_few(c))
    return;
  for (size_t i = 2; i < p->argc; i++)
    known += command_find_words(&p->argv[i], 1) != NULL;
  reply_map(&c->reply, known);
  for (size_t i = 2; i < p->argc; i++) {
    const struct command *command = command_find_words(&p->argv[i], 1);
    if (command)
      reply_docs(&c->reply, command);
  }
}

/* Nothing here is of a module. */
static bool is_listed(const struct command *command,
                      const struct resp_slice *filter,
                      const struct resp_slice *value) {
  if (!filter)
    return true;
  if (command_is(filter, "aclcat"))
    return (command_is(value, "write") && command->flags & COMMAND_WRITE) ||
           (command_is(value, "read") && is_reading(command)) ||
           (command_is(value, "keyspace") && is_of_keys(command)) ||
           command_is(value, command->group);
  return command_is(filter, "pattern") &&
         glob_match(value->data, value->size, command->name,
                    strlen(command->name));
}

void command_command_list(struct client *c, const struct country_dict *dict) {
  const struct resp_parser *p = &c->parser;
  const struct resp_slice *filter = p->argc == 5 ? &p->argv[3] : NULL;
  size_t listed = 0;
  bool good = p->argc == 2 ||
              (filter && command_is(&p->argv[2], "filterby") &&
               (command_is(filter, "module") || command_is(filter, "aclcat") ||
                command_is(filter, "pattern")));
  (void)dict;
  if (!good) {
    reply_error(&c->reply, COMMAND_SYNTAX);
    return;
  }
  for (size_t i = 0; i < command_count; i++)
    listed += is_listed(&command_list[i], filter, filter + 1);
  reply_array(&c->reply, listed);
  for (size_t i = 0; i < command_count; i++)
    if (is_listed(&command_list[i], filter, filter + 1))
      reply_bulk_string(&c->reply, command_list[i].name);
}

void command_command_getkeys(struct client *c,
                             const struct country_dict *dict) {
  const struct resp_parser *p = &c->parser;
  const struct resp_slice *words = p->argv + 2;
  size_t count = p->argc - 2;
  const struct command *command = command_find_words(words, count);
  (void)dict;
  if (!command) {
    reply_error(&c->reply, "ERR Invalid command specified");
  } else if (!command->first_key) {
    reply_error(&c->reply, "ERR The command has no key arguments");
  } else if (!command_has_arity(command, count)) {
    reply_error(&c->reply,
                "ERR Invalid number of arguments specified for command");
  } else if (are_few(c)) {
    size_t first = (size_t)command->first_key;
    size_t last = command->last_key < 0 ? count - 1 : (size_t)command->last_key;
    reply_array(&c->reply, last - first + 1);
    for (size_t i = first; i <= last; i++)
      reply_bulk(&c->reply, words[i].data, words[i].size);
  }
}

/* ---- HELP ---- */

static void reply_upper(struct reply *r, const char *name, const char *after) {
  char line[128];
  snprintf(line, sizeof line, "%s%s", name, after);
  for (size_t i = 0; i < strlen(name); i++)
    if (line[i] >= 'a' && line[i] <= 'z')
      line[i] = (char)(line[i] & ~0x20);
  reply_simple(r, line);
}

void command_help(struct client *c, const struct country_dict *dict) {
  const struct command *container = command_find(&c->parser.argv[0]);
  size_t skip = strlen(container->name) + 1;
  char line[128];
  (void)dict;
  reply_array(&c->reply, 1 + 2 * container->sub_count);
  reply_upper(&c->reply, container->name,
              " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
  for (size_t i = 0; i < container->sub_count; i++) {
    reply_upper(&c->reply, container->subs[i].name + skip, "");
    snprintf(line, sizeof line, "    %s", container->subs[i].summary);
    reply_simple(&c->reply, line);
  }
}
