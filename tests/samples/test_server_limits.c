/* SPDX-License-Identifier: MIT */
/* The cache server in this process, on a thread of its own, with limits so
 * small that they are reached: deadlines, arguments, long requests together. */
#include "support/fixture.h"
#include "support/net.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "cache_server/server.h"
#include "countries/country_db.h"

#define CSV "../samples/countries/iso_3166-1.csv"

/* ---- fixture: a server that runs on a thread ---- */

struct inside {
  char dir[64], db[96];
  struct server_options options;
  struct server server;
  uv_thread_t thread;
  uv_sem_t ready;
  uv_async_t stop;
  bool runs;
  const char *problem; /* of the thread */
};

static void on_stop(uv_async_t *async) {
  struct inside *in = async->data;
  server_stop(&in->server);
  uv_close((uv_handle_t *)async, NULL);
}

static const char *serve(struct inside *in, struct fixture *f) {
  struct sockaddr_in address;
  countries_t *countries;
  uv_ip4_addr("127.0.0.1", 0, &address);
  if (countries_open(in->db, &countries) != 0)
    return "no cache";
  if (server_init(&in->server, (struct sockaddr *)&address, countries, NULL,
                  &in->options) != 0)
    return "no server";
  in->stop.data = in;
  uv_async_init(&f->uv, &in->stop, on_stop);
  uv_sem_post(&in->ready);
  vt_result_t r = vt_loop_run(f->vt, server_run(&in->server));
  countries_close(countries);
  fixture_run(f);
  return r.status == 0 ? NULL : "the run failed";
}

static void run_inside(void *arg) {
  struct inside *in = arg;
  static struct fixture f; /* large */
  in->problem = fixture_open(&f);
  if (!in->problem)
    in->problem = serve(in, &f);
  if (in->problem)
    uv_sem_post(&in->ready);
  const char *left = fixture_close(&f);
  if (!in->problem)
    in->problem = left;
}

static int setup(void **state) {
  struct inside *in = calloc(1, sizeof *in);
  if (!in)
    return -1;
  strcpy(in->dir, "/tmp/vt-limits-XXXXXX");
  if (!mkdtemp(in->dir))
    return -1;
  snprintf(in->db, sizeof in->db, "%s/c.db", in->dir);
  uv_sem_init(&in->ready, 0);
  *state = in;
  return country_db_import(in->db, CSV, NULL, 0);
}

static void start(struct inside *in) {
  assert_int_equal(uv_thread_create(&in->thread, run_inside, in), 0);
  uv_sem_wait(&in->ready);
  in->runs = in->problem == NULL;
  assert_true(in->runs);
}

static int teardown(void **state) {
  struct inside *in = *state;
  if (in->runs)
    uv_async_send(&in->stop);
  uv_thread_join(&in->thread);
  const char *problem = in->problem;
  if (problem)
    print_error("%s\n", problem);
  uv_sem_destroy(&in->ready);
  unlink(in->db);
  int status = rmdir(in->dir);
  free(in);
  return problem ? -1 : status;
}

/* ---- helpers ---- */

static int connect_to(struct inside *in) {
  struct sockaddr_in address;
  struct timeval patience = {.tv_sec = 10};
  uv_ip4_addr("127.0.0.1", in->server.port, &address);
  int fd = net_connect(&address);
  assert_true(fd >= 0);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  return fd;
}

static void says(int fd, const char *request, const char *wanted) {
  char got[256] = "";
  assert_true(net_send(fd, request, strlen(request)));
  assert_int_equal(net_recv(fd, got, strlen(wanted)), (long)strlen(wanted));
  assert_string_equal(got, wanted);
}

static uint64_t now_ms(void) { return uv_hrtime() / 1000000; }

/* ---- deadlines ---- */

static void half_a_request_has_its_time(void **state) {
  struct inside *in = *state;
  char byte;
  in->options.stall_ms = 300;
  start(in);
  int half = connect_to(in), idle = connect_to(in);
  uint64_t began = now_ms();
  assert_true(net_send(half, "*2\r\n$3\r\nGET\r\n", 13));
  assert_int_equal(net_recv(half, &byte, 1), 0);
  assert_true(now_ms() - began >= 250);
  assert_true(now_ms() - began < 5000);
  says(idle, "PING\r\n", "+PONG\r\n"); /* between requests there is none */
  close(half);
  close(idle);
}

static void a_byte_now_and_then_does_not_help(void **state) {
  struct inside *in = *state;
  in->options.stall_ms = 300;
  start(in);
  int fd = connect_to(in);
  uint64_t began = now_ms();
  assert_true(net_send(fd, "*2\r\n$3\r\nGET\r\n$1000\r\n", 20));
  while (now_ms() - began < 8000 && send(fd, "x", 1, MSG_NOSIGNAL) == 1)
    usleep(50000);
  assert_true(now_ms() - began < 5000);
  close(fd);
}

static void requests_in_pieces_may_follow_each_other(void **state) {
  struct inside *in = *state;
  in->options.stall_ms = 400;
  start(in);
  int fd = connect_to(in);
  assert_true(net_send(fd, "PI", 2));
  for (int i = 0; i < 10; i++) { /* always within a request, each in time */
    usleep(100000);
    says(fd, "NG\r\nPI", "+PONG\r\n");
  }
  says(fd, "NG\r\n", "+PONG\r\n");
  close(fd);
}

static void replies_that_are_not_read_have_their_time(void **state) {
  struct inside *in = *state;
  static const char request[] = "GET countries\r\n";
  struct timeval wait = {.tv_usec = 200000};
  in->options.stall_ms = 300;
  start(in);
  int fd = connect_to(in);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
  uint64_t began = now_ms();
  bool closed = false;
  while (!closed && now_ms() - began < 9000)
    closed = send(fd, request, sizeof request - 1, MSG_NOSIGNAL) < 0 &&
             errno != EAGAIN;
  assert_true(closed);
  int other = connect_to(in);
  says(other, "PING\r\n", "+PONG\r\n");
  close(other);
  close(fd);
}

/* ---- sizes ---- */

static void arguments_reach_their_limit(void **state) {
  struct inside *in = *state;
  in->options.limits.bulk = 10;
  start(in);
  int fd = connect_to(in);
  says(fd, "*2\r\n$4\r\nECHO\r\n$9\r\n123456789\r\n", "$9\r\n123456789\r\n");
  says(fd, "*2\r\n$4\r\nECHO\r\n$10\r\n1234567890\r\n",
       "$10\r\n1234567890\r\n");
  says(fd, "*2\r\n$4\r\nECHO\r\n$11\r\n12345678901\r\nPING\r\n",
       "-ERR argument exceeds the limit of 10 bytes\r\n+PONG\r\n");
  close(fd);
}

/* Sends the head of a long ECHO and half of it. */
static void begin_long(int fd, size_t size, const char *data) {
  char head[64];
  int n = snprintf(head, sizeof head, "*2\r\n$4\r\nECHO\r\n$%zu\r\n", size);
  assert_true(net_send(fd, head, (size_t)n));
  assert_true(net_send(fd, data, size / 2));
}

static void long_requests_share_a_limit(void **state) {
  struct inside *in = *state;
  enum { SIZE = 600000 };
  static const char refusal[] = "-ERR too many long requests at once\r\n";
  char *data = calloc(1, SIZE);
  char got[64] = "";
  assert_non_null(data);
  in->options.held_max = 1 << 20;
  start(in);
  int first = connect_to(in), second = connect_to(in), third = connect_to(in);
  begin_long(first, SIZE, data);
  usleep(100000);
  begin_long(second, SIZE, data);
  usleep(100000);
  begin_long(third, SIZE, data);
  assert_true(net_recv(third, got, sizeof refusal - 1) > 0);
  assert_string_equal(got, refusal);
  close(third);
  close(second);
  close(first); /* their shares are free again */
  usleep(100000);
  second = connect_to(in);
  begin_long(second, SIZE, data);
  assert_true(net_send(second, data, SIZE / 2));
  assert_true(net_send(second, "\r\n", 2));
  assert_int_equal(net_recv(second, got, 9), 9);
  assert_memory_equal(got, "$600000\r\n", 9);
  close(second);
  free(data);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(half_a_request_has_its_time),
      TEST(a_byte_now_and_then_does_not_help),
      TEST(requests_in_pieces_may_follow_each_other),
      TEST(replies_that_are_not_read_have_their_time),
      TEST(arguments_reach_their_limit),
      TEST(long_requests_share_a_limit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
