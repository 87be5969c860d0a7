/* SPDX-License-Identifier: MIT */
/* The table of commands. */
#include "command.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define READ_FAST (COMMAND_READ | COMMAND_FAST)
#define CONNECTION_FAST (COMMAND_FAST | COMMAND_NO_AUTH)

#define SUB(name, run, arity, flags, group, since, summary)                    \
  { name, run, NULL, arity, flags, 0, 0, group, since, summary, NULL, 0 }

/* Of a container, alone; what it does without a subcommand is run. */
#define CONTAINER(name, run, arity, group, since, summary)                     \
  {                                                                            \
#name, run, NULL, arity, 0, 0, 0, group, since, summary, name##_subs,      \
        COUNT(name##_subs)                                                     \
  }

#define HELP(name, group)                                                      \
  SUB(name "|help", command_help, 2, 0, group, "5.0.0",                        \
      "Show what the subcommands are for")

static const struct command client_subs[] = {
    SUB("client|getname", command_client_getname, 2, 0, "connection", "2.6.9",
        "Get the current connection name"),
    HELP("client", "connection"),
    SUB("client|id", command_client_id, 2, 0, "connection", "5.0.0",
        "Returns the client ID for the current connection"),
    SUB("client|info", command_client_info, 2, 0, "connection", "6.2.0",
        "Returns information about the current client connection."),
    {"client|kill", NULL, command_client_kill, -3, COMMAND_ADMIN, 0, 0,
     "connection", "2.4.0", "Kill the connection of a client", NULL, 0},
    {"client|list", NULL, command_client_list, -2, COMMAND_ADMIN, 0, 0,
     "connection", "2.4.0", "Get the list of client connections", NULL, 0},
    SUB("client|no-evict", command_client_no_evict, 3, COMMAND_ADMIN,
        "connection", "7.0.0",
        "Set client eviction mode for the current connection"),
    SUB("client|reply", command_client_reply, 3, 0, "connection", "3.2.0",
        "Instruct the server whether to reply to commands"),
    SUB("client|setinfo", command_client_setinfo, 4, 0, "connection", "7.2.0",
        "Set client or connection specific info"),
    SUB("client|setname", command_client_setname, 3, 0, "connection", "2.6.9",
        "Set the current connection name"),
};

static const struct command command_subs[] = {
    SUB("command|count", command_command_count, 2, 0, "server", "2.8.13",
        "Get total number of Redis commands"),
    SUB("command|docs", command_command_docs, -2, 0, "server", "7.0.0",
        "Get array of specific Redis command documentation"),
    SUB("command|getkeys", command_command_getkeys, -4, 0, "server", "2.8.13",
        "Extract keys given a full Redis command"),
    HELP("command", "server"),
    SUB("command|info", command_command_info, -2, 0, "server", "2.8.13",
        "Get array of specific Redis command details"),
    SUB("command|list", command_command_list, -2, 0, "server", "7.0.0",
        "Get an array of Redis command names"),
};

static const struct command config_subs[] = {
    SUB("config|get", command_config_get, -3, COMMAND_ADMIN, "server", "2.0.0",
        "Get the values of configuration parameters"),
    HELP("config", "server"),
};

static const struct command debug_subs[] = {
    HELP("debug", "server"),
    SUB("debug|protocol", command_debug_protocol, 3, 0, "server", "7.0.0",
        "Reply with a value of a type"),
};

static const struct command memory_subs[] = {
    HELP("memory", "server"),
    {"memory|usage", command_memory_usage, NULL, -3, COMMAND_READ, 2, 2,
     "server", "4.0.0", "Estimate the memory usage of a key", NULL, 0},
};

const struct command command_list[] = {
    {"get", command_get, NULL, 2, READ_FAST, 1, 1, "string", "1.0.0",
     "Get the value of a key", NULL, 0},
    {"ping", command_ping, NULL, -1, COMMAND_FAST, 0, 0, "connection", "1.0.0",
     "Ping the server", NULL, 0},
    {"mget", command_mget, NULL, -2, READ_FAST, 1, -1, "string", "1.0.0",
     "Get the values of all the given keys", NULL, 0},
    {"hget", command_hget, NULL, 3, READ_FAST, 1, 1, "hash", "2.0.0",
     "Get the value of a hash field", NULL, 0},
    {"hgetall", command_hgetall, NULL, 2, COMMAND_READ, 1, 1, "hash", "2.0.0",
     "Get all the fields and values in a hash", NULL, 0},
    {"hmget", command_hmget, NULL, -3, READ_FAST, 1, 1, "hash", "2.0.0",
     "Get the values of all the given hash fields", NULL, 0},
    {"exists", command_exists, NULL, -2, READ_FAST, 1, -1, "generic", "1.0.0",
     "Determine if a key exists", NULL, 0},
    {"auth", NULL, command_auth, -2, CONNECTION_FAST, 0, 0, "connection",
     "1.0.0", "Authenticate to the server", NULL, 0},
    CONTAINER(client, NULL, -2, "connection", "2.4.0",
              "A container for client connection commands"),
    CONTAINER(command, command_command, -1, "server", "2.8.13",
              "Get array of Redis command details"),
    CONTAINER(config, NULL, -2, "server", "2.0.0",
              "A container for server configuration commands"),
    {"dbsize", command_dbsize, NULL, 1, READ_FAST, 0, 0, "server", "1.0.0",
     "Return the number of keys in the selected database", NULL, 0},
    CONTAINER(debug, NULL, -2, "server", "1.0.0",
              "A container for debugging commands"),
    {"del", NULL, command_del, -2, COMMAND_WRITE, 1, -1, "generic", "1.0.0",
     "Delete a key", NULL, 0},
    {"echo", command_echo, NULL, 2, COMMAND_FAST, 0, 0, "connection", "1.0.0",
     "Echo the given string", NULL, 0},
    {"expiretime", command_ttl, NULL, 2, READ_FAST, 1, 1, "generic", "7.0.0",
     "Get the expiration Unix timestamp for a key", NULL, 0},
    {"flushall", command_flushall, NULL, -1, 0, 0, 0, "server", "1.0.0",
     "Empty the cache; the database stays", NULL, 0},
    {"getrange", command_getrange, NULL, 4, COMMAND_READ, 1, 1, "string",
     "2.4.0", "Get a substring of the string stored at a key", NULL, 0},
    {"hello", NULL, command_hello, -1, CONNECTION_FAST, 0, 0, "connection",
     "6.0.0", "Handshake with Redis", NULL, 0},
    {"hexists", command_hexists, NULL, 3, READ_FAST, 1, 1, "hash", "2.0.0",
     "Determine if a hash field exists", NULL, 0},
    {"hkeys", command_hkeys, NULL, 2, COMMAND_READ, 1, 1, "hash", "2.0.0",
     "Get all the fields in a hash", NULL, 0},
    {"hlen", command_hlen, NULL, 2, READ_FAST, 1, 1, "hash", "2.0.0",
     "Get the number of fields in a hash", NULL, 0},
    {"hmset", NULL, command_hset, -4, COMMAND_WRITE | COMMAND_FAST, 1, 1,
     "hash", "2.0.0", "Set multiple hash fields to multiple values", NULL, 0},
    {"hset", NULL, command_hset, -4, COMMAND_WRITE | COMMAND_FAST, 1, 1, "hash",
     "2.0.0", "Set the string value of a hash field", NULL, 0},
    {"hstrlen", command_hstrlen, NULL, 3, READ_FAST, 1, 1, "hash", "3.2.0",
     "Get the length of the value of a hash field", NULL, 0},
    {"hvals", command_hvals, NULL, 2, COMMAND_READ, 1, 1, "hash", "2.0.0",
     "Get all the values in a hash", NULL, 0},
    {"info", command_info, NULL, -1, 0, 0, 0, "server", "1.0.0",
     "Get information and statistics about the server", NULL, 0},
    {"keys", command_keys, NULL, 2, COMMAND_READ, 0, 0, "generic", "1.0.0",
     "Find all keys matching the given pattern", NULL, 0},
    CONTAINER(memory, NULL, -2, "server", "4.0.0",
              "A container for memory diagnostics commands"),
    {"pexpiretime", command_ttl, NULL, 2, READ_FAST, 1, 1, "generic", "7.0.0",
     "Get the expiration Unix timestamp for a key in milliseconds", NULL, 0},
    {"pttl", command_ttl, NULL, 2, READ_FAST, 1, 1, "generic", "2.6.0",
     "Get the time to live for a key in milliseconds", NULL, 0},
    {"quit", command_quit, NULL, -1, CONNECTION_FAST, 0, 0, "connection",
     "1.0.0", "Close the connection", NULL, 0},
    {"reset", command_reset, NULL, 1, CONNECTION_FAST, 0, 0, "connection",
     "6.2.0", "Reset the connection", NULL, 0},
    {"role", command_role, NULL, 1, COMMAND_FAST | COMMAND_ADMIN, 0, 0,
     "server", "2.8.12",
     "Return the role of the instance in the context of replication", NULL, 0},
    {"scan", command_scan, NULL, -2, COMMAND_READ, 0, 0, "generic", "2.8.0",
     "Incrementally iterate the keys space", NULL, 0},
    {"select", command_select, NULL, 2, COMMAND_FAST, 0, 0, "connection",
     "1.0.0", "Change the selected database for the current connection", NULL,
     0},
    {"set", NULL, command_set, -3, COMMAND_WRITE, 1, 1, "string", "1.0.0",
     "Set the string value of a key", NULL, 0},
    {"shutdown", NULL, command_shutdown, -1, COMMAND_ADMIN, 0, 0, "server",
     "1.0.0", "Stop the server", NULL, 0},
    {"strlen", command_strlen, NULL, 2, READ_FAST, 1, 1, "string", "2.2.0",
     "Get the length of the value stored in a key", NULL, 0},
    {"substr", command_getrange, NULL, 4, COMMAND_READ, 1, 1, "string", "1.0.0",
     "Get a substring of the string stored at a key", NULL, 0},
    {"time", command_time, NULL, 1, COMMAND_FAST, 0, 0, "server", "2.6.0",
     "Return the current server time", NULL, 0},
    {"ttl", command_ttl, NULL, 2, READ_FAST, 1, 1, "generic", "1.0.0",
     "Get the time to live for a key in seconds", NULL, 0},
    {"type", command_type, NULL, 2, READ_FAST, 1, 1, "generic", "1.0.0",
     "Determine the type stored at key", NULL, 0},
    {"unlink", NULL, command_del, -2, COMMAND_WRITE | COMMAND_FAST, 1, -1,
     "generic", "4.0.0", "Delete a key", NULL, 0},
};

const size_t command_count = COUNT(command_list);
