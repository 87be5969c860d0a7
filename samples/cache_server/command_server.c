/* SPDX-License-Identifier: MIT */
/* The commands about the server itself. */
#include "command.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "glob.h"

/* Arguments that a list in one piece may have. */
#define NAMES_MAX 256u

/* ---- COMMAND ---- */

static void reply_command(struct reply *r, const struct command *command) {
  if (!command) {
    reply_raw(r, "*-1\r\n", 5);
    return;
  }
  reply_array(r, 6);
  reply_bulk_string(r, command->name);
  reply_integer(r, command->arity);
  reply_array(r, 1);
  reply_simple(r, command->needs_data ? "readonly" : "fast");
  reply_integer(r, command->first_key);
  reply_integer(r, command->last_key);
  reply_integer(r, command->first_key ? 1 : 0);
}

static void reply_all_commands(struct reply *r, bool names) {
  size_t count;
  const struct command *all = command_all(&count);
  reply_array(r, count);
  for (size_t i = 0; i < count; i++) {
    if (names)
      reply_bulk_string(r, all[i].name);
    else
      reply_command(r, &all[i]);
  }
}

static void reply_some_commands(struct client *c) {
  const struct resp_parser *p = &c->parser;
  if (p->argc - 2 > NAMES_MAX) {
    reply_error(&c->reply, "ERR too many names");
    return;
  }
  reply_array(&c->reply, p->argc - 2);
  for (size_t i = 2; i < p->argc; i++)
    reply_command(&c->reply, command_find(&p->argv[i]));
}

void command_command(struct client *c, const struct country_dict *dict) {
  const struct resp_parser *p = &c->parser;
  size_t count;
  (void)dict;
  command_all(&count);
  if (p->argc == 1 || (p->argc == 2 && command_is(&p->argv[1], "info")))
    reply_all_commands(&c->reply, false);
  else if (command_is(&p->argv[1], "count"))
    reply_integer(&c->reply, (int64_t)count);
  else if (command_is(&p->argv[1], "list"))
    reply_all_commands(&c->reply, true);
  else if (command_is(&p->argv[1], "info"))
    reply_some_commands(c);
  else if (command_is(&p->argv[1], "docs"))
    reply_array(&c->reply, 0); /* redis-cli then goes without hints */
  else
    command_unknown_sub(c, "COMMAND");
}

/* ---- CONFIG ---- */

struct setting {
  const char *name, *value;
};

/* What clients ask for, answered with what is so. */
static const struct setting settings[] = {
    {"appendonly", "no"}, {"databases", "1"},
    {"maxmemory", "0"},   {"maxmemory-policy", "noeviction"},
    {"save", ""},         {"timeout", "0"},
};

static bool is_setting_asked(const struct resp_parser *p, const char *name) {
  for (size_t i = 2; i < p->argc; i++)
    if (glob_match(p->argv[i].data, p->argv[i].size, name, strlen(name)))
      return true;
  return false;
}

void command_config(struct client *c, const struct country_dict *dict) {
  const struct resp_parser *p = &c->parser;
  bool asked[sizeof settings / sizeof *settings];
  size_t count = 0;
  (void)dict;
  if (!command_is(&p->argv[1], "get")) {
    command_unknown_sub(c, "CONFIG");
    return;
  }
  if (p->argc < 3 || p->argc > NAMES_MAX) {
    command_wrong_arity(c, "config|get");
    return;
  }
  for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
    asked[i] = is_setting_asked(p, settings[i].name);
    count += asked[i];
  }
  reply_array(&c->reply, 2 * count);
  for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
    if (!asked[i])
      continue;
    reply_bulk_string(&c->reply, settings[i].name);
    reply_bulk_string(&c->reply, settings[i].value);
  }
}

/* ---- INFO ---- */

/* Text that is added to, cut when it is full. */
struct text {
  size_t size;
  char data[2048];
};

static void add(struct text *t, const char *format, ...) {
  va_list args;
  va_start(args, format);
  int n = vsnprintf(t->data + t->size, sizeof t->data - t->size, format, args);
  va_end(args);
  if (n > 0)
    t->size += (size_t)n;
  if (t->size >= sizeof t->data)
    t->size = sizeof t->data - 1;
}

static void add_server(struct text *t, const struct server *s) {
  add(t,
      "# Server\r\nvt_version:%s\r\nlibuv_version:%s\r\nprocess_id:%d\r\n"
      "tcp_port:%d\r\nuptime_in_seconds:%llu\r\n",
      vt_version_string(), uv_version_string(), (int)uv_os_getpid(), s->port,
      (unsigned long long)((uv_now(s->uv) - s->started_ms) / 1000));
}

static void add_clients(struct text *t, const struct server *s) {
  add(t, "# Clients\r\nconnected_clients:%zu\r\n", s->client_count);
}

static void add_memory(struct text *t, const struct server *s) {
  vt_loop_stats_t stats;
  size_t rss = 0;
  vt_loop_stats(vt_loop_current(), &stats);
  uv_resident_set_memory(&rss);
  add(t,
      "# Memory\r\nused_memory_rss:%zu\r\nvt_pools_bytes:%llu\r\n"
      "vt_pending:%llu\r\nlong_requests_bytes:%zu\r\n",
      rss, (unsigned long long)stats.allocated,
      (unsigned long long)stats.pending, s->held);
}

static void add_stats(struct text *t, const struct server *s) {
  add(t,
      "# Stats\r\ntotal_connections_received:%llu\r\n"
      "total_commands_processed:%llu\r\nlog_lines_dropped:%llu\r\n",
      (unsigned long long)s->accepted, (unsigned long long)s->commands,
      (unsigned long long)(s->log ? access_log_dropped(s->log) : 0));
}

static void add_keyspace(struct text *t, const struct server *s) {
  add(t, "# Keyspace\r\n");
  if (countries_is_loaded(s->countries))
    add(t, "db0:keys=%zu,expires=0,avg_ttl=0\r\n",
        country_dict_count(s->countries->dict));
}

struct section {
  const char *name;
  void (*add)(struct text *t, const struct server *s);
};

static const struct section sections[] = {
    {"server", add_server}, {"clients", add_clients},   {"memory", add_memory},
    {"stats", add_stats},   {"keyspace", add_keyspace},
};

static bool is_section_asked(const struct resp_parser *p, const char *name) {
  for (size_t i = 1; i < p->argc; i++)
    if (command_is(&p->argv[i], name) || command_is(&p->argv[i], "all") ||
        command_is(&p->argv[i], "default") ||
        command_is(&p->argv[i], "everything"))
      return true;
  return p->argc == 1;
}

void command_info(struct client *c, const struct country_dict *dict) {
  struct text t = {.size = 0};
  (void)dict;
  if (c->parser.argc > NAMES_MAX) {
    reply_error(&c->reply, "ERR too many names");
    return;
  }
  for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
    if (!is_section_asked(&c->parser, sections[i].name))
      continue;
    if (t.size > 0)
      add(&t, "\r\n");
    sections[i].add(&t, c->server);
  }
  reply_bulk(&c->reply, t.data, t.size);
}

/* ---- CLIENT ---- */

static void set_name(struct client *c) {
  const struct resp_slice *name = &c->parser.argv[2];
  for (size_t i = 0; i < name->size; i++) {
    if (name->data[i] < '!' || name->data[i] > '~') {
      reply_error(&c->reply, "ERR Client names cannot contain spaces, newlines "
                             "or special characters.");
      return;
    }
  }
  if (name->size > CLIENT_NAME_MAX) {
    reply_error(&c->reply, "ERR Client names cannot be this long.");
    return;
  }
  memcpy(c->name, name->data, name->size);
  c->name[name->size] = '\0';
  reply_simple(&c->reply, "OK");
}

static void client_info(struct client *c) {
  struct text t = {.size = 0};
  add(&t, "id=%llu addr=%s name=%s db=0\n", (unsigned long long)c->id, c->peer,
      c->name);
  reply_bulk(&c->reply, t.data, t.size);
}

void command_client(struct client *c, const struct country_dict *dict) {
  const struct resp_parser *p = &c->parser;
  const struct resp_slice *sub = &p->argv[1];
  (void)dict;
  if (command_is(sub, "setname") && p->argc == 3)
    set_name(c);
  else if (command_is(sub, "setinfo") && p->argc == 4)
    reply_simple(&c->reply, "OK");
  else if (command_is(sub, "getname") && p->argc == 2)
    reply_bulk_string(&c->reply, c->name);
  else if (command_is(sub, "id") && p->argc == 2)
    reply_integer(&c->reply, (int64_t)c->id);
  else if (command_is(sub, "info") && p->argc == 2)
    client_info(c);
  else
    command_unknown_sub(c, "CLIENT");
}

/* ---- the others ---- */

void command_select(struct client *c, const struct country_dict *dict) {
  const struct resp_slice *index = &c->parser.argv[1];
  bool number = index->size > 0 && index->size < 10;
  bool zero = true;
  (void)dict;
  for (size_t i = 0; i < index->size && number; i++) {
    number = index->data[i] >= '0' && index->data[i] <= '9';
    zero &= index->data[i] == '0';
  }
  if (!number)
    reply_error(&c->reply, "ERR value is not an integer or out of range");
  else if (!zero)
    reply_error(&c->reply, "ERR DB index is out of range");
  else
    reply_simple(&c->reply, "OK");
}

/* The cache, not the database. */
void command_flushall(struct client *c, const struct country_dict *dict) {
  const struct resp_parser *p = &c->parser;
  bool good =
      p->argc == 1 || (p->argc == 2 && (command_is(&p->argv[1], "async") ||
                                        command_is(&p->argv[1], "sync")));
  (void)dict;
  if (!good) {
    reply_error(&c->reply, "ERR syntax error");
    return;
  }
  countries_invalidate(c->server->countries);
  reply_simple(&c->reply, "OK");
}
