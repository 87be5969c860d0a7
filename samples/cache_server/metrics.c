/* SPDX-License-Identifier: MIT */
/* Sums what the loops count, and writes it. */
#include "metrics.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "http_reply.h"

/* ---- counting ---- */

void metrics_observe(struct metrics_histogram *h, uint64_t ns, uint64_t count) {
  size_t i = 0;
  for (uint64_t top = 1000; i < METRICS_BUCKETS && ns > top; top *= 4)
    i++;
  server_count(&h->buckets[i], count);
  server_count(&h->sum_ns, ns * count);
}

static uint64_t count_of(const struct metrics_histogram *h) {
  uint64_t sum = 0;
  for (size_t i = 0; i <= METRICS_BUCKETS; i++)
    sum += server_read(&h->buckets[i]);
  return sum;
}

static void set(_Atomic uint64_t *to, uint64_t value) {
  server_count(to, value - server_read(to));
}

void metrics_tick(const struct server *s) {
  struct metrics *m = &s->http->metrics;
  struct countries_stats now;
  countries_stats(s->countries, &now);
  uint64_t ended = now.loads - (now.waiting > 0) - count_of(&m->loads);
  if (ended > 0 && now.load_ns >= m->load_ns) {
    metrics_observe(&m->loads, (now.load_ns - m->load_ns) / ended, ended);
    m->load_ns = now.load_ns;
  }
  set(&m->cache.hits, now.hits);
  set(&m->cache.misses, now.misses);
  set(&m->cache.loads, now.loads);
  set(&m->cache.failures, now.failures);
  set(&m->cache.waiting, now.waiting);
  set(&m->cache.invalidations, now.invalidations);
}

/* ---- summing ---- */

static void add(_Atomic uint64_t *sum, const _Atomic uint64_t *more) {
  server_count(sum, server_read(more));
}

static void add_histogram(struct metrics_histogram *sum,
                          const struct metrics_histogram *h) {
  for (size_t i = 0; i <= METRICS_BUCKETS; i++)
    add(&sum->buckets[i], &h->buckets[i]);
  add(&sum->sum_ns, &h->sum_ns);
}

static void add_loop(struct metrics *sum, const struct metrics *m) {
  for (size_t i = 0; i < METRICS_STATUSES; i++)
    add(&sum->answers[i], &m->answers[i]);
  add(&sum->connections, &m->connections);
  add(&sum->open, &m->open);
  add(&sum->bytes_in, &m->bytes_in);
  add(&sum->bytes_out, &m->bytes_out);
  add_histogram(&sum->requests, &m->requests);
  add_histogram(&sum->loads, &m->loads);
  add(&sum->cache.hits, &m->cache.hits);
  add(&sum->cache.misses, &m->cache.misses);
  add(&sum->cache.loads, &m->cache.loads);
  add(&sum->cache.failures, &m->cache.failures);
  add(&sum->cache.waiting, &m->cache.waiting);
  add(&sum->cache.invalidations, &m->cache.invalidations);
}

/* ---- writing ---- */

static void put(struct reply *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void put(struct reply *out, const char *format, ...) {
  char line[256];
  va_list list;
  va_start(list, format);
  int n = vsnprintf(line, sizeof line, format, list);
  va_end(list);
  reply_raw(out, line, (size_t)n);
}

static void put_help(struct reply *out, const char *name, const char *type,
                     const char *help) {
  put(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_number(struct reply *out, const char *name, const char *type,
                       const char *help, uint64_t value) {
  put_help(out, name, type, help);
  put(out, "%s %llu\n", name, (unsigned long long)value);
}

static void put_seconds(struct reply *out, const char *name, const char *type,
                        const char *help, uint64_t ns) {
  put_help(out, name, type, help);
  put(out, "%s %.9f\n", name, (double)ns / 1e9);
}

static void put_histogram(struct reply *out, const char *name, const char *help,
                          const struct metrics_histogram *h) {
  uint64_t sum = 0;
  double top = 1e-6;
  put_help(out, name, "histogram", help);
  for (size_t i = 0; i < METRICS_BUCKETS; i++, top *= 4) {
    sum += server_read(&h->buckets[i]);
    put(out, "%s_bucket{le=\"%.6f\"} %llu\n", name, top,
        (unsigned long long)sum);
  }
  sum = count_of(h);
  put(out, "%s_bucket{le=\"+Inf\"} %llu\n", name, (unsigned long long)sum);
  put(out, "%s_sum %.9f\n", name, (double)server_read(&h->sum_ns) / 1e9);
  put(out, "%s_count %llu\n", name, (unsigned long long)sum);
}

/* ---- the numbers ---- */

/* One of them, at a place in the struct that has it. */
struct number {
  const char *name, *type, *help;
  size_t at;
};

#define COUNT_OF(rows) (sizeof(rows) / sizeof *(rows))

#define CACHE(member) offsetof(struct metrics_cache, member)
static const struct number cache_numbers[] = {
    {"vt_cache_hits_total", "counter",
     "Look-ups that were answered from memory.", CACHE(hits)},
    {"vt_cache_misses_total", "counter",
     "Look-ups that had to wait for a load.", CACHE(misses)},
    {"vt_cache_loads_total", "counter",
     "Loads from the database that were begun.", CACHE(loads)},
    {"vt_cache_load_failures_total", "counter", "Loads that failed.",
     CACHE(failures)},
    {"vt_cache_invalidations_total", "counter",
     "Times that the data was given up.", CACHE(invalidations)},
    {"vt_cache_waiting", "gauge", "Look-ups that wait for a load now.",
     CACHE(waiting)},
};

#define HTTP(member) offsetof(struct metrics, member)
static const struct number http_numbers[] = {
    {"vt_http_connections_total", "counter", "HTTP connections accepted.",
     HTTP(connections)},
    {"vt_http_connections", "gauge", "HTTP connections open now.", HTTP(open)},
    {"vt_http_received_bytes_total", "counter", "Bytes of HTTP requests.",
     HTTP(bytes_in)},
    {"vt_http_sent_bytes_total", "counter", "Bytes of HTTP answers.",
     HTTP(bytes_out)},
};

#define STATS(member) offsetof(struct server_stats, member)
static const struct number server_numbers[] = {
    {"vt_resp_commands_total", "counter", "Commands over the Redis protocol.",
     STATS(commands)},
    {"vt_connections_total", "counter", "Connections accepted, HTTP's too.",
     STATS(connections)},
    {"vt_connections", "gauge", "Connections open now, HTTP's too.",
     STATS(connected)},
    {"vt_resp_received_bytes_total", "counter", "Bytes of RESP requests.",
     STATS(bytes_in)},
    {"vt_resp_sent_bytes_total", "counter", "Bytes of RESP replies.",
     STATS(bytes_out)},
    {"vt_clients_rejected_total", "counter",
     "Connections that were one too many.", STATS(rejected)},
    {"vt_clients_evicted_total", "counter",
     "Connections closed so that others have room.", STATS(evicted)},
    {"vt_clients_timed_out_total", "counter",
     "Connections closed by a deadline.", STATS(timed_out)},
    {"vt_client_memory_bytes", "gauge", "Memory of all clients' buffers.",
     STATS(client_memory)},
    {"vt_log_dropped_total", "counter",
     "Lines of the access log that were dropped.", STATS(log_dropped)},
    {"vt_loops", "gauge", "Event loops.", STATS(loops)},
};

static uint64_t read_plain(const void *at) { return *(const uint64_t *)at; }

static uint64_t read_shared(const void *at) {
  return server_read((const _Atomic uint64_t *)at);
}

static void put_numbers(struct reply *out, const struct number *rows,
                        size_t count, const void *of,
                        uint64_t (*read)(const void *at)) {
  for (size_t i = 0; i < count; i++)
    put_number(out, rows[i].name, rows[i].type, rows[i].help,
               read((const char *)of + rows[i].at));
}

static void put_cache(struct reply *out, const struct metrics *m) {
  put_numbers(out, cache_numbers, COUNT_OF(cache_numbers), &m->cache,
              read_shared);
  put_histogram(out, "vt_cache_load_duration_seconds",
                "How long loads from the database took.", &m->loads);
}

static void put_http(struct reply *out, const struct metrics *m) {
  static const char name[] = "vt_http_responses_total";
  put_help(out, name, "counter", "HTTP answers by their status.");
  for (size_t i = 0; i < METRICS_STATUSES; i++)
    put(out, "%s{code=\"%d\"} %llu\n", name, http_status_at(i),
        (unsigned long long)server_read(&m->answers[i]));
  put_histogram(
      out, "vt_http_request_duration_seconds",
      "From a whole HTTP request to its answer's write; of one batch in 8.",
      &m->requests);
  put_numbers(out, http_numbers, COUNT_OF(http_numbers), m, read_shared);
}

static void put_process(struct reply *out, const struct server_stats *stats) {
  uv_rusage_t usage;
  size_t memory;
  put_seconds(out, "vt_uptime_seconds", "gauge", "Since the server started.",
              stats->uptime_ms * 1000000);
  if (uv_getrusage(&usage) == 0) {
    uint64_t us =
        (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
        (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    put_seconds(out, "process_cpu_seconds_total", "counter",
                "User and system time.", us * 1000);
  }
  if (uv_resident_set_memory(&memory) == 0)
    put_number(out, "process_resident_memory_bytes", "gauge",
               "Resident memory.", memory);
}

void metrics_write(const struct server *s, struct reply *out) {
  struct metrics sum;
  struct server_stats stats;
  memset(&sum, 0, sizeof sum);
  metrics_tick(s);
  for (size_t i = 0; i < s->group->count; i++)
    if (s->group->servers[i]->http)
      add_loop(&sum, &s->group->servers[i]->http->metrics);
  server_stats(s, &stats);
  put_cache(out, &sum);
  put_http(out, &sum);
  put_numbers(out, server_numbers, COUNT_OF(server_numbers), &stats,
              read_plain);
  put_process(out, &stats);
}
