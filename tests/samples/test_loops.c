/* SPDX-License-Identifier: MIT */
/* A cache server of several loops, in this process: who gets which connection,
 * what the loops have in common, and how they end. Each case runs with sockets
 * that the kernel shares out, and with one loop that accepts for all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "cache_server/loops.h"
#include "cache_server/server.h"
#include "countries/country_db.h"
#include "support/fixture.h"
#include "support/net.h"

#define CSV "../samples/countries/iso_3166-1.csv"

enum { LOOPS = 3, CLIENTS = 30 };

/* ---- fixture ---- */

struct crew {
  char dir[64], db[96], log[96];
  struct options options;
  struct sockets sockets;
  struct fixture loop;
  struct loops *loops;
  uv_thread_t thread;
  uv_sem_t ready;
  uv_async_t stop;
  bool runs;
  char error[256];
  int fds[CLIENTS];
};

static int set_up(void **state) {
  struct crew *w = calloc(1, sizeof *w);
  if (!w)
    return -1;
  strcpy(w->dir, "/tmp/vt-loops-XXXXXX");
  if (!mkdtemp(w->dir))
    return -1;
  snprintf(w->db, sizeof w->db, "%s/c.db", w->dir);
  snprintf(w->log, sizeof w->log, "%s/log", w->dir);
  for (size_t i = 0; i < CLIENTS; i++)
    w->fds[i] = -1;
  uv_sem_init(&w->ready, 0);
  *state = w;
  return country_db_import(w->db, CSV, NULL, 0);
}

static void on_stop(uv_async_t *async) {
  struct crew *w = async->data;
  loops_stop(w->loops);
  uv_close((uv_handle_t *)async, NULL);
}

/* True when it came to serve. */
static bool serve(struct crew *w) {
  bool served = false;
  if (sockets_open(&w->options, &w->sockets, w->error, sizeof w->error) != 0)
    return false;
  if (loops_start(&w->options, &w->sockets, &w->loops, w->error,
                  sizeof w->error) == 0) {
    sockets_let_go(&w->sockets);
    w->stop.data = w;
    uv_async_init(&w->loop.uv, &w->stop, on_stop);
    served = w->runs = true;
    uv_sem_post(&w->ready);
    if (loops_run(w->loops) != 0)
      snprintf(w->error, sizeof w->error, "the run failed");
    loops_free(w->loops);
  }
  sockets_close(&w->sockets);
  return served;
}

static void run(void *arg) {
  struct crew *w = arg;
  const char *problem = fixture_open(&w->loop);
  if (problem || !serve(w))
    uv_sem_post(&w->ready);
  const char *left = fixture_close(&w->loop);
  if (problem || left)
    snprintf(w->error, sizeof w->error, "%s", problem ? problem : left);
}

/* Arguments but for the database; a list that ends in NULL. */
static void start(struct crew *w, const char *const *arguments) {
  const char *argv[32] = {"test", "--db", w->db, "--port", "0"};
  char error[256];
  int argc = 5;
  while (*arguments)
    argv[argc++] = *arguments++;
  assert_int_equal(options_read(argc, (char **)(uintptr_t)argv, NULL,
                                &w->options, error, sizeof error),
                   0);
  assert_int_equal(uv_thread_create(&w->thread, run, w), 0);
  uv_sem_wait(&w->ready);
  assert_string_equal(w->error, "");
  assert_true(w->runs);
}

#define START(w, ...) start((w), (const char *const[]){__VA_ARGS__, NULL})

static void stop(struct crew *w) {
  if (!w->runs)
    return;
  w->runs = false;
  uv_async_send(&w->stop);
  uv_thread_join(&w->thread);
}

static int tear_down(void **state) {
  struct crew *w = *state;
  stop(w);
  for (size_t i = 0; i < CLIENTS; i++)
    if (w->fds[i] >= 0)
      close(w->fds[i]);
  bool good = w->error[0] == '\0';
  if (!good)
    print_error("%s\n", w->error);
  uv_sem_destroy(&w->ready);
  unlink(w->db);
  unlink(w->log);
  int status = rmdir(w->dir);
  free(w);
  return good ? status : -1;
}

/* ---- helpers ---- */

static const char *const ways[] = {"yes", "no"}; /* of --reuse-port */

static int connect_to(const struct crew *w) {
  struct sockaddr_in address;
  struct timeval patience = {.tv_sec = 10};
  uv_ip4_addr("127.0.0.1", w->sockets.list[0].port, &address);
  int fd = net_connect(&address);
  assert_true(fd >= 0);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  return fd;
}

static int connect_local(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
  return fd;
}

static void says(int fd, const char *request, const char *wanted) {
  char got[256] = "";
  assert_true(net_send(fd, request, strlen(request)));
  assert_int_equal(net_recv(fd, got, strlen(wanted)), (long)strlen(wanted));
  assert_string_equal(got, wanted);
}

static void connect_all(struct crew *w) {
  for (size_t i = 0; i < CLIENTS; i++) {
    w->fds[i] = connect_to(w);
    says(w->fds[i], "PING\r\n", "+PONG\r\n");
  }
}

static uint64_t connected(const struct crew *w, size_t i) {
  return server_read(&loops_group(w->loops)->servers[i]->counts.connected);
}

static void again(struct crew *w) {
  stop(w);
  for (size_t i = 0; i < CLIENTS; i++) {
    if (w->fds[i] >= 0)
      close(w->fds[i]);
    w->fds[i] = -1;
  }
}

/* ---- connections ---- */

static void all_connections_are_served(void **state) {
  struct crew *w = *state;
  for (size_t way = 0; way < 2; way++) {
    START(w, "--loops", "3", "--reuse-port", ways[way]);
    connect_all(w);
    assert_int_equal(connected(w, 0) + connected(w, 1) + connected(w, 2),
                     CLIENTS);
    for (size_t i = 0; i < CLIENTS; i++)
      says(w->fds[i], "GET country:DE\r\n", "$7\r\nGermany\r\n");
    again(w);
  }
}

static void one_loop_hands_out_equal_shares(void **state) {
  struct crew *w = *state;
  START(w, "--loops", "3", "--reuse-port", "no");
  connect_all(w);
  for (size_t i = 0; i < LOOPS; i++)
    assert_int_equal(connected(w, i), CLIENTS / LOOPS);
}

static void local_sockets_are_shared_out_too(void **state) {
  struct crew *w = *state;
  char path[96];
  snprintf(path, sizeof path, "%s/s", w->dir);
  START(w, "--loops", "3", "--unix-socket", path);
  for (size_t i = 0; i < 6; i++) {
    w->fds[i] = connect_local(path);
    assert_true(w->fds[i] >= 0);
    says(w->fds[i], "GET country:DE\r\n", "$7\r\nGermany\r\n");
  }
  for (size_t i = 0; i < LOOPS; i++)
    assert_int_equal(connected(w, i), 2);
  stop(w);
  assert_int_equal(access(path, F_OK), -1);
}

static void the_limit_of_clients_is_one_for_all(void **state) {
  struct crew *w = *state;
  for (size_t way = 0; way < 2; way++) {
    int served = 0;
    START(w, "--loops", "3", "--reuse-port", ways[way], "--max-clients", "10");
    for (size_t i = 0; i < CLIENTS; i++) {
      char byte = 0;
      w->fds[i] = connect_to(w);
      assert_true(net_send(w->fds[i], "PING\r\n", 6));
      assert_int_equal(net_recv(w->fds[i], &byte, 1), 1);
      served += byte == '+';
    }
    assert_int_equal(served, 10);
    again(w);
  }
}

/* ---- what they have in common ---- */

static void a_write_is_seen_on_all_loops_at_once(void **state) {
  struct crew *w = *state;
  for (size_t way = 0; way < 2; way++) {
    START(w, "--loops", "3", "--reuse-port", ways[way]);
    connect_all(w);
    for (int round = 0; round < 10; round++) {
      char set[64], wanted[32];
      snprintf(set, sizeof set, "SET country:276 Name-%d\r\n", round);
      snprintf(wanted, sizeof wanted, "$6\r\nName-%d\r\n", round);
      says(w->fds[round % CLIENTS], set, "+OK\r\n");
      for (size_t i = 0; i < CLIENTS; i++)
        says(w->fds[i], "GET country:276\r\n", wanted);
    }
    says(w->fds[0], "SET country:276 Germany\r\n", "+OK\r\n");
    again(w);
  }
}

static void statistics_are_sums(void **state) {
  struct crew *w = *state;
  struct server_stats stats;
  START(w, "--loops", "3");
  connect_all(w);
  server_stats(loops_group(w->loops)->servers[1], &stats);
  assert_int_equal(stats.loops, LOOPS);
  assert_int_equal(stats.connections, CLIENTS);
  assert_int_equal(stats.connected, CLIENTS);
  assert_int_equal(stats.commands, CLIENTS);
  assert_int_equal(stats.bytes_in, 6 * CLIENTS);
  assert_int_equal(stats.bytes_out, 7 * CLIENTS);
}

static void client_numbers_are_unique(void **state) {
  struct crew *w = *state;
  bool seen[CLIENTS + 1] = {false};
  START(w, "--loops", "3");
  for (size_t i = 0; i < CLIENTS; i++) {
    char got[16] = "";
    w->fds[i] = connect_to(w);
    assert_true(net_send(w->fds[i], "CLIENT ID\r\n", 11));
    for (size_t n = 0; n < sizeof got - 1 && (n == 0 || got[n - 1] != '\n');
         n++)
      assert_int_equal(net_recv(w->fds[i], got + n, 1), 1);
    int id = atoi(got + 1);
    assert_in_range(id, 1, CLIENTS);
    assert_false(seen[id]);
    seen[id] = true;
  }
}

static vt_t visit(struct server *s, void *arg) {
  char *seen = arg;
  for (size_t i = 0; i < s->group->count; i++)
    if (s->group->servers[i] == s && vt_loop_current() == s->loop)
      seen[strlen(seen)] = (char)('0' + i);
  return vt_yield();
}

struct visits {
  char seen[8];
  int64_t status;
  uv_sem_t done;
};

static void on_visited(void *state, vt_result_t r) {
  struct visits *v = state;
  v->status = r.status;
  uv_sem_post(&v->done);
}

static vt_t visit_all(struct server *s, void *arg) {
  struct visits *v = arg;
  vt_await(server_each(s, visit, v->seen), on_visited, v);
  return vt_done();
}

struct errand {
  struct server *from;
  struct visits *visits;
};

/* A loop of its own only to hand in the errand. */
static vt_t run_errand(void *arg) {
  struct errand *e = arg;
  return visit_all(e->from, e->visits);
}

static void each_server_is_visited_on_its_thread(void **state) {
  struct crew *w = *state;
  struct visits v = {.status = 1};
  struct fixture loop;
  START(w, "--loops", "3");
  uv_sem_init(&v.done, 0);
  struct errand e = {loops_group(w->loops)->servers[1], &v};
  assert_null(fixture_open(&loop));
  loop.beside = true;
  vt_result_t r =
      vt_loop_run(loop.vt, vt_invoke_on(e.from->loop, run_errand, &e));
  assert_int_equal(r.status, 0);
  uv_sem_wait(&v.done);
  assert_null(fixture_close(&loop));
  uv_sem_destroy(&v.done);
  assert_int_equal(v.status, 0);
  assert_string_equal(v.seen, "012");
}

/* ---- the end ---- */

/* How many commands there are lines of, those included that the log says it
 * dropped: on a slow machine it may. */
static size_t whole_lines(const char *path) {
  char line[4096];
  size_t count = 0;
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  while (fgets(line, sizeof line, file)) {
    assert_int_equal(strncmp(line, "time=20", 7), 0);
    assert_int_equal(line[strlen(line) - 1], '\n');
    const char *dropped = strstr(line, " event=dropped detail=\"");
    if (!dropped)
      assert_non_null(strstr(line, " command=PING us="));
    count += dropped ? (size_t)atol(strchr(dropped, '"') + 1) : 1;
  }
  fclose(file);
  return count;
}

/* All loops append to one file. */
static void the_log_of_all_is_whole(void **state) {
  struct crew *w = *state;
  enum { PINGS = 1000 };
  static char request[6 * PINGS], reply[7 * PINGS];
  for (size_t i = 0; i < PINGS; i++)
    memcpy(request + 6 * i, "PING\r\n", 6);
  START(w, "--loops", "3", "--log", w->log);
  for (size_t i = 0; i < CLIENTS; i++)
    w->fds[i] = connect_to(w);
  for (size_t i = 0; i < CLIENTS; i++)
    assert_true(net_send(w->fds[i], request, sizeof request));
  for (size_t i = 0; i < CLIENTS; i++)
    assert_int_equal(net_recv(w->fds[i], reply, sizeof reply),
                     (long)sizeof reply);
  stop(w);
  assert_int_equal(whole_lines(w->log), CLIENTS * PINGS);
}

static void replies_on_their_way_are_sent_at_the_end(void **state) {
  struct crew *w = *state;
  static const char request[] = "GET countries\r\nGET countries\r\n";
  char *reply = malloc(1 << 20);
  assert_non_null(reply);
  START(w, "--loops", "3", "--drain-timeout", "60s");
  for (size_t i = 0; i < 6; i++) {
    w->fds[i] = connect_to(w);
    assert_true(net_send(w->fds[i], request, sizeof request - 1));
    assert_int_equal(net_recv(w->fds[i], reply, 1), 1);
  }
  uv_async_send(&w->stop);
  for (size_t i = 0; i < 6; i++) {
    size_t size = 1;
    for (long n; (n = recv(w->fds[i], reply + size, (1 << 20) - size, 0)) > 0;)
      size += (size_t)n;
    assert_memory_equal(reply + size - 4, "\"}\r\n", 4);
    close(w->fds[i]);
    w->fds[i] = -1;
  }
  w->runs = false;
  uv_thread_join(&w->thread);
  free(reply);
}

/* ---- it fails ---- */

static void a_port_in_use_is_not_shared(void **state) {
  struct crew *w = *state;
  char port[16], error[256];
  struct options options;
  struct sockets sockets;
  START(w, "--loops", "2");
  snprintf(port, sizeof port, "%d", w->sockets.list[0].port);
  const char *argv[] = {"test", "--db", w->db, "--port", port, "--loops", "2"};
  assert_int_equal(options_read(7, (char **)(uintptr_t)argv, NULL, &options,
                                error, sizeof error),
                   0);
  assert_int_equal(sockets_open(&options, &sockets, error, sizeof error),
                   UV_EADDRINUSE);
  assert_non_null(strstr(error, port));
}

static void a_log_that_cannot_be_opened_ends_all(void **state) {
  struct crew *w = *state;
  struct fixture loop;
  char error[256];
  const char *argv[] = {"test",    "--db", w->db,   "--port",    "0",
                        "--loops", "3",    "--log", "/nowhere/l"};
  assert_int_equal(options_read(9, (char **)(uintptr_t)argv, NULL, &w->options,
                                error, sizeof error),
                   0);
  assert_null(fixture_open(&loop));
  assert_int_equal(sockets_open(&w->options, &w->sockets, error, sizeof error),
                   0);
  assert_int_equal(
      loops_start(&w->options, &w->sockets, &w->loops, error, sizeof error),
      UV_ENOENT);
  assert_string_equal(error, "/nowhere/l: no such file or directory");
  sockets_close(&w->sockets);
  assert_null(fixture_close(&loop));
}

#define crew_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      crew_test(all_connections_are_served),
      crew_test(one_loop_hands_out_equal_shares),
      crew_test(local_sockets_are_shared_out_too),
      crew_test(the_limit_of_clients_is_one_for_all),
      crew_test(a_write_is_seen_on_all_loops_at_once),
      crew_test(statistics_are_sums),
      crew_test(client_numbers_are_unique),
      crew_test(each_server_is_visited_on_its_thread),
      crew_test(the_log_of_all_is_whole),
      crew_test(replies_on_their_way_are_sent_at_the_end),
      crew_test(a_port_in_use_is_not_shared),
      crew_test(a_log_that_cannot_be_opened_ends_all),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
