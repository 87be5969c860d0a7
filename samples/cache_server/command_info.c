/* SPDX-License-Identifier: MIT */
/* INFO and CONFIG GET: what is so now, in Redis' words where it has them. */
#include "command.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "glob.h"

typedef unsigned long long number;

/* Text that is added to, cut when it is full. */
struct text {
  size_t size;
  char data[4096];
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

/* What all sections draw on. */
struct facts {
  struct server *server;
  struct server_stats stats;
};

/* ---- the sections ---- */

static void add_server(struct text *t, const struct facts *f) {
  number seconds = f->stats.uptime_ms / 1000;
  add(t,
      "# Server\r\nredis_version:" COMMAND_DIALECT
      "\r\nredis_mode:standalone\r\nserver_name:vt-cache-server\r\n"
      "vt_version:%s\r\nlibuv_version:%s\r\narch_bits:%zu\r\nprocess_id:%d\r\n"
      "tcp_port:%d\r\nuptime_in_seconds:%llu\r\nuptime_in_days:%llu\r\n"
      "io_threads_active:%llu\r\n",
      vt_version_string(), uv_version_string(), 8 * sizeof(void *),
      (int)uv_os_getpid(), f->server->port, seconds, seconds / 86400,
      (number)f->stats.loops);
}

static void add_clients(struct text *t, const struct facts *f) {
  add(t, "# Clients\r\nconnected_clients:%llu\r\n", (number)f->stats.connected);
}

static void add_memory(struct text *t, const struct facts *f) {
  vt_loop_stats_t stats;
  size_t rss = 0;
  vt_loop_stats(vt_loop_current(), &stats);
  uv_resident_set_memory(&rss);
  add(t,
      "# Memory\r\nused_memory:%zu\r\nused_memory_rss:%zu\r\nmaxmemory:0\r\n"
      "maxmemory_policy:noeviction\r\nclients_bytes:%llu\r\n"
      "vt_pools_bytes:%llu\r\nvt_pending:%llu\r\n",
      rss, rss, (number)f->stats.client_memory, (number)stats.allocated,
      (number)stats.pending);
}

/* Clients wait while a server says that it loads; this one loads aside. */
static void add_persistence(struct text *t, const struct facts *f) {
  (void)f;
  add(t, "# Persistence\r\nloading:0\r\n");
}

static void add_stats(struct text *t, const struct facts *f) {
  const struct server_stats *s = &f->stats;
  add(t,
      "# Stats\r\ntotal_connections_received:%llu\r\n"
      "total_commands_processed:%llu\r\ntotal_net_input_bytes:%llu\r\n"
      "total_net_output_bytes:%llu\r\nrejected_connections:%llu\r\n"
      "evicted_clients:%llu\r\ntimed_out_clients:%llu\r\n"
      "log_lines_dropped:%llu\r\n",
      (number)s->connections, (number)s->commands, (number)s->bytes_in,
      (number)s->bytes_out, (number)s->rejected, (number)s->evicted,
      (number)s->timed_out, (number)s->log_dropped);
}

static void add_replication(struct text *t, const struct facts *f) {
  (void)f;
  add(t, "# Replication\r\nrole:master\r\nconnected_slaves:0\r\n");
}

static void add_cpu(struct text *t, const struct facts *f) {
  uv_rusage_t use = {0};
  (void)f;
  uv_getrusage(&use);
  add(t, "# CPU\r\nused_cpu_sys:%ld.%06ld\r\nused_cpu_user:%ld.%06ld\r\n",
      (long)use.ru_stime.tv_sec, (long)use.ru_stime.tv_usec,
      (long)use.ru_utime.tv_sec, (long)use.ru_utime.tv_usec);
}

static void add_modules(struct text *t, const struct facts *f) {
  (void)f;
  add(t, "# Modules\r\n");
}

static void add_cluster(struct text *t, const struct facts *f) {
  (void)f;
  add(t, "# Cluster\r\ncluster_enabled:0\r\n");
}

static void add_keyspace(struct text *t, const struct facts *f) {
  const countries_t *countries = server_countries(f->server);
  add(t, "# Keyspace\r\n");
  const struct country_dict *dict = countries_peek(countries);
  if (dict)
    add(t, "db0:keys=%zu,expires=0,avg_ttl=0\r\n", country_dict_count(dict));
}

static void add_countries(struct text *t, const struct facts *f) {
  struct countries_stats s;
  countries_stats(f->server->countries, &s);
  add(t,
      "# Countries\r\ncountries_loaded:%d\r\ncountries_hits:%llu\r\n"
      "countries_misses:%llu\r\ncountries_loads:%llu\r\n"
      "countries_failures:%llu\r\ncountries_load_ns:%llu\r\n"
      "countries_load_ns_last:%llu\r\ncountries_waiting:%llu\r\n"
      "countries_invalidations:%llu\r\n",
      countries_is_loaded(f->server->countries), (number)s.hits,
      (number)s.misses, (number)s.loads, (number)s.failures, (number)s.load_ns,
      (number)s.load_ns_last, (number)s.waiting, (number)s.invalidations);
}

struct section {
  const char *name;
  void (*add)(struct text *t, const struct facts *f);
};

static const struct section sections[] = {
    {"server", add_server},
    {"clients", add_clients},
    {"memory", add_memory},
    {"persistence", add_persistence},
    {"stats", add_stats},
    {"replication", add_replication},
    {"cpu", add_cpu},
    {"modules", add_modules},
    {"cluster", add_cluster},
    {"keyspace", add_keyspace},
    {"countries", add_countries},
};
#define SECTIONS (sizeof sections / sizeof *sections)

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
  struct facts f = {.server = c->server};
  (void)dict;
  if (c->parser.argc > COMMAND_NAMES_MAX) {
    reply_error(&c->reply, "ERR too many names");
    return;
  }
  server_stats(c->server, &f.stats);
  for (size_t i = 0; i < SECTIONS; i++) {
    if (!is_section_asked(&c->parser, sections[i].name))
      continue;
    if (t.size > 0)
      add(&t, "\r\n");
    sections[i].add(&t, &f);
  }
  reply_text(&c->reply, t.data, t.size);
}

/* ---- CONFIG GET ---- */

struct setting {
  const char *name, *value;
};

/* What clients ask for, answered with what is so. */
static const struct setting settings[] = {
    {"appendonly", "no"}, {"databases", "1"},
    {"maxmemory", "0"},   {"maxmemory-policy", "noeviction"},
    {"save", ""},         {"timeout", "0"},
};
#define SETTINGS (sizeof settings / sizeof *settings)

static bool is_setting_asked(const struct resp_parser *p, const char *name) {
  for (size_t i = 2; i < p->argc; i++)
    if (glob_match(p->argv[i].data, p->argv[i].size, name, strlen(name)))
      return true;
  return false;
}

void command_config_get(struct client *c, const struct country_dict *dict) {
  const struct resp_parser *p = &c->parser;
  bool asked[SETTINGS];
  size_t count = 0;
  (void)dict;
  if (p->argc > COMMAND_NAMES_MAX) {
    reply_error(&c->reply, "ERR too many names");
    return;
  }
  for (size_t i = 0; i < SETTINGS; i++) {
    asked[i] = is_setting_asked(p, settings[i].name);
    count += asked[i];
  }
  reply_map(&c->reply, count);
  for (size_t i = 0; i < SETTINGS; i++) {
    if (!asked[i])
      continue;
    reply_bulk_string(&c->reply, settings[i].name);
    reply_bulk_string(&c->reply, settings[i].value);
  }
}
