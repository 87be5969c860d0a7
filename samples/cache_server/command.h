/* SPDX-License-Identifier: MIT */
/* The commands, by Redis' names and with Redis' errors. */
#ifndef COMMAND_H
#define COMMAND_H

#include "client.h"

/* Adds the reply to the request in c->parser. dict is the dictionary for
 * commands that need it, else NULL; borrowed. */
typedef void command_fn(struct client *c, const struct country_dict *dict);

struct command {
  const char *name; /* lower case */
  command_fn *run;
  int arity; /* with the name; negative: at least so many */
  bool needs_data;
  int first_key, last_key; /* 0: none; as COMMAND tells them */
};

/* Runs the request in c->parser: waits for the data where it is needed, and
 * adds the reply to c. Fails only when the connection must end. */
VT_MUST_USE vt_t command_run(struct client *c);

/* The command of a name in any case, or NULL. */
const struct command *command_find(const struct resp_slice *name);

/* All of them, count of them. */
const struct command *command_all(size_t *out_count);

/* True for a word in any case. */
bool command_is(const struct resp_slice *s, const char *word);

/* Adds "ERR wrong number of arguments for 'name' command". */
void command_wrong_arity(struct client *c, const char *name);

/* Adds "ERR unknown subcommand 'x'. Try NAME HELP." for argument 1. */
void command_unknown_sub(struct client *c, const char *name);

/* ---- command_data.c: about countries ---- */

command_fn command_get, command_mget, command_exists, command_hget,
    command_hgetall, command_keys, command_dbsize;

/* ---- command_server.c: about the server ---- */

command_fn command_command, command_config, command_info, command_client,
    command_select, command_flushall;

#endif
