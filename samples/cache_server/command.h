/* SPDX-License-Identifier: MIT */
/* The commands, by Redis' names and with Redis' errors. */
#ifndef COMMAND_H
#define COMMAND_H

#include "client.h"

/* The version of Redis whose commands these are. */
#define COMMAND_DIALECT "7.0.15"

/* Arguments that a list in one piece may have. */
#define COMMAND_NAMES_MAX 256u

#define COMMAND_SYNTAX "ERR syntax error"
#define COMMAND_NOT_INTEGER "ERR value is not an integer or out of range"
#define COMMAND_WRONG_TYPE                                                     \
  "WRONGTYPE Operation against a key holding the wrong kind of value"

/* Adds the reply to the request in c->parser. dict is the dictionary for
 * commands that need it, else NULL; borrowed. */
typedef void command_fn(struct client *c, const struct country_dict *dict);

/* The same for commands that may wait. Fails only when the connection must
 * end. */
typedef vt_t command_wait_fn(struct client *c);

enum command_flags {
  COMMAND_READ = 1, /* needs the dictionary */
  COMMAND_WRITE = 2,
  COMMAND_FAST = 4,
  COMMAND_ADMIN = 8,
  COMMAND_NO_AUTH = 16 /* before the password, too */
};

struct command {
  const char *name; /* lower case; container|name of a subcommand */
  command_fn *run;
  command_wait_fn *wait; /* in place of run; or NULL */
  int arity;             /* with the name; negative: at least so many */
  unsigned flags;
  int first_key, last_key; /* 0: none; as COMMAND tells them */
  const char *group, *since, *summary;
  const struct command *subs; /* sub_count subcommands */
  size_t sub_count;
};

/* Runs the request in c->parser: waits for the data where it is needed, and
 * adds the reply to c. Fails only when the connection must end. */
VT_MUST_USE vt_t command_run(struct client *c);

/* GET of a key while the dictionary, borrowed, is in hand. */
void command_get_key(struct client *c, const struct country_dict *dict,
                     const struct resp_slice *key);

/* The command of a name in any case, or NULL. */
const struct command *command_find(const struct resp_slice *name);

/* The command of argc words at argv: the subcommand where there is one. NULL
 * when there is none, or no such subcommand. */
const struct command *command_find_words(const struct resp_slice *argv,
                                         size_t argc);

/* The subcommand of a name in any case, or NULL. */
const struct command *command_find_sub(const struct command *container,
                                       const struct resp_slice *name);

/* All of them; GET is the first. */
extern const struct command command_list[];
extern const size_t command_count;

/* True when a request of argc words has as many as the command needs. */
bool command_has_arity(const struct command *command, size_t argc);

/* True for a word in any case. */
bool command_is(const struct resp_slice *s, const char *word);

/* An integer as Redis takes them: no blank, no plus, no zeros in front. */
bool command_integer(const struct resp_slice *s, int64_t *out);

/* Adds an error with a name that the client sent between two texts. */
void command_error_with(struct client *c, const char *before,
                        const struct resp_slice *name, const char *after);

/* Adds "ERR wrong number of arguments for 'name' command". */
void command_wrong_arity(struct client *c, const char *name);

/* Adds why the dictionary is not there. */
void command_not_loaded(struct client *c, int64_t status);

/* ---- command_data.c, command_hash.c, command_keys.c: about countries ---- */

command_fn command_get, command_mget, command_strlen, command_getrange,
    command_exists, command_type, command_ttl, command_memory_usage;
command_fn command_hget, command_hgetall, command_hmget, command_hlen,
    command_hkeys, command_hvals, command_hexists, command_hstrlen;
command_fn command_keys, command_scan, command_dbsize;

/* ---- command_write.c: to the database ---- */

command_wait_fn command_set, command_hset, command_del;

/* ---- command_connection.c, command_client.c, command_clients.c ---- */

command_fn command_ping, command_echo, command_quit, command_reset,
    command_select;
command_wait_fn command_hello, command_auth;
command_fn command_client_info, command_client_id, command_client_setname,
    command_client_getname, command_client_setinfo, command_client_no_evict,
    command_client_reply;
command_wait_fn command_client_list, command_client_kill;

/* Gives the connection a name, or adds the error. True when it has it. */
bool command_set_name(struct client *c, const struct resp_slice *name);

/* ---- command_docs.c, command_info.c, command_server.c: the server ---- */

command_fn command_command, command_command_count, command_command_list,
    command_command_info, command_command_docs, command_command_getkeys;
command_fn command_info, command_config_get, command_flushall, command_time,
    command_role, command_debug_protocol;
command_wait_fn command_shutdown;

/* Adds what the subcommands of argument 0 are for. */
command_fn command_help;

#endif
