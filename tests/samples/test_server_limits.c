/* SPDX-License-Identifier: MIT */
/* The cache server in this process, on a thread of its own, with limits so
 * small that they are reached: deadlines, arguments, long requests together. */
#include "samples/inside.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "support/net.h"

/* ---- helpers ---- */

static uint64_t now_ms(void) { return uv_hrtime() / 1000000; }

/* ---- deadlines ---- */

static void half_a_request_has_its_time(void **state) {
  struct inside *in = *state;
  char byte;
  in->options.stall_ms = 300;
  inside_start(in);
  int half = inside_connect(in), idle = inside_connect(in);
  uint64_t began = now_ms();
  assert_true(net_send(half, "*2\r\n$3\r\nGET\r\n", 13));
  assert_int_equal(net_recv(half, &byte, 1), 0);
  assert_true(now_ms() - began >= 250);
  assert_true(now_ms() - began < 5000);
  inside_says(idle, "PING\r\n",
              "+PONG\r\n"); /* between requests there is none */
  close(half);
  close(idle);
}

static void a_byte_now_and_then_does_not_help(void **state) {
  struct inside *in = *state;
  in->options.stall_ms = 300;
  inside_start(in);
  int fd = inside_connect(in);
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
  inside_start(in);
  int fd = inside_connect(in);
  assert_true(net_send(fd, "PI", 2));
  for (int i = 0; i < 10; i++) { /* always within a request, each in time */
    usleep(100000);
    inside_says(fd, "NG\r\nPI", "+PONG\r\n");
  }
  inside_says(fd, "NG\r\n", "+PONG\r\n");
  close(fd);
}

static void replies_that_are_not_read_have_their_time(void **state) {
  struct inside *in = *state;
  static const char request[] = "GET countries\r\n";
  struct timeval wait = {.tv_usec = 200000};
  in->options.stall_ms = 300;
  inside_start(in);
  int fd = inside_connect(in);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
  uint64_t began = now_ms();
  bool closed = false;
  while (!closed && now_ms() - began < 9000)
    closed = send(fd, request, sizeof request - 1, MSG_NOSIGNAL) < 0 &&
             errno != EAGAIN;
  assert_true(closed);
  int other = inside_connect(in);
  inside_says(other, "PING\r\n", "+PONG\r\n");
  close(other);
  close(fd);
}

/* ---- sizes ---- */

static void arguments_reach_their_limit(void **state) {
  struct inside *in = *state;
  in->options.limits.bulk = 10;
  inside_start(in);
  int fd = inside_connect(in);
  inside_says(fd, "*2\r\n$4\r\nECHO\r\n$9\r\n123456789\r\n",
              "$9\r\n123456789\r\n");
  inside_says(fd, "*2\r\n$4\r\nECHO\r\n$10\r\n1234567890\r\n",
              "$10\r\n1234567890\r\n");
  inside_says(fd, "*2\r\n$4\r\nECHO\r\n$11\r\n12345678901\r\nPING\r\n",
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

static void end_long(int fd, size_t size, const char *data) {
  char wanted[32], got[32] = "";
  int n = snprintf(wanted, sizeof wanted, "$%zu\r\n", size);
  assert_true(net_send(fd, data, size - size / 2));
  assert_true(net_send(fd, "\r\n", 2));
  assert_int_equal(net_recv(fd, got, (size_t)n), n);
  assert_string_equal(got, wanted);
}

static bool is_closed(int fd) {
  char byte;
  ssize_t n = recv(fd, &byte, 1, MSG_DONTWAIT);
  return n == 0 || (n < 0 && errno == ECONNRESET);
}

/* Waits until the clients hold so many bytes at least. */
static void wait_for_memory(const struct inside *in, uint64_t bytes) {
  struct server_stats stats = {0};
  for (int ms = 0; stats.client_memory < bytes && ms < 10000; ms += 5) {
    usleep(5000);
    server_stats(&in->server, &stats);
  }
  assert_true(stats.client_memory >= bytes);
}

static void the_largest_clients_make_room(void **state) {
  struct inside *in = *state;
  enum { SIZE = 600000, SMALL = 400000 };
  char *data = calloc(1, SIZE);
  struct server_stats stats;
  assert_non_null(data);
  in->options.held_max = 1 << 20;
  inside_start(in);
  int first = inside_connect(in), second = inside_connect(in);
  begin_long(first, SIZE, data); /* 512 KiB hold half of it */
  wait_for_memory(in, 512 * 1024);
  begin_long(second, SMALL, data);
  wait_for_memory(in, 768 * 1024);
  assert_true(net_send(second, data, SMALL / 2 - 1000)); /* needs 256 more */
  for (int ms = 0; !is_closed(first) && ms < 10000; ms += 5)
    usleep(5000);
  assert_true(net_send(second, data, 1000));
  assert_true(is_closed(first));
  char got[16] = "";
  assert_true(net_send(second, "\r\n", 2));
  assert_int_equal(net_recv(second, got, 9), 9);
  assert_memory_equal(got, "$400000\r\n", 9);
  server_stats(&in->server, &stats);
  assert_int_equal(stats.evicted, 1);
  close(first);
  close(second);
  free(data);
}

static void who_would_be_the_largest_is_refused(void **state) {
  struct inside *in = *state;
  enum { SIZE = 3000000, SMALL = 100000 };
  static const char refusal[] = "-ERR too many long requests at once\r\n";
  char *data = calloc(1, SIZE);
  char got[64] = "";
  assert_non_null(data);
  in->options.held_max = 1 << 20;
  inside_start(in);
  int large = inside_connect(in), small = inside_connect(in);
  begin_long(small, SMALL, data);
  begin_long(large, SIZE, data);
  assert_true(net_recv(large, got, sizeof refusal - 1) > 0);
  assert_string_equal(got, refusal);
  end_long(small, SMALL, data);
  close(large);
  close(small);
  free(data);
}

/* ---- how many ---- */

static void one_client_too_many_is_told(void **state) {
  struct inside *in = *state;
  static const char refusal[] = "-ERR max number of clients reached\r\n";
  struct server_stats stats;
  char got[64] = "", byte;
  in->options.clients_max = 2;
  inside_start(in);
  int first = inside_connect(in), second = inside_connect(in);
  inside_says(first, "PING\r\n", "+PONG\r\n");
  inside_says(second, "PING\r\n", "+PONG\r\n");
  int third = inside_connect(in);
  assert_true(net_send(third, "PING\r\n", 6)); /* does not cost it the reply */
  assert_int_equal(net_recv(third, got, sizeof refusal - 1),
                   sizeof refusal - 1);
  assert_string_equal(got, refusal);
  assert_int_equal(net_recv(third, &byte, 1), 0);
  server_stats(&in->server, &stats);
  assert_int_equal(stats.rejected, 1);
  assert_int_equal(stats.connected, 2);
  close(third);
  close(second);
  second = -1;
  for (int i = 0; i < 1000 && second < 0; i++) { /* its seat comes free */
    second = inside_connect(in);
    memset(got, 0, sizeof got);
    if (net_send(second, "PING\r\n", 6) && net_recv(second, got, 7) == 7 &&
        strcmp(got, "+PONG\r\n") == 0)
      break;
    close(second);
    second = -1;
    usleep(5000);
  }
  assert_true(second >= 0);
  close(second);
  close(first);
}

static void an_address_has_its_share(void **state) {
  struct inside *in = *state;
  static const char refusal[] =
      "-ERR max number of clients of this address reached\r\n";
  char got[64] = "", byte;
  in->options.address_max = 2;
  inside_start(in);
  int idle = inside_connect(in), busy = inside_connect(in);
  inside_says(busy, "PING\r\nPI", "+PONG\r\n");
  inside_says(idle, "PING\r\n", "+PONG\r\n");
  int third = inside_connect(in); /* the idle one makes room */
  inside_says(third, "PING\r\nPI", "+PONG\r\n");
  assert_int_equal(net_recv(idle, &byte, 1), 0);
  int fourth = inside_connect(in); /* nobody is idle */
  assert_int_equal(net_recv(fourth, got, sizeof refusal - 1),
                   sizeof refusal - 1);
  assert_string_equal(got, refusal);
  inside_says(busy, "NG\r\n", "+PONG\r\n");
  close(idle);
  close(busy);
  close(third);
  close(fourth);
}

/* ---- time without requests, and with too little of them ---- */

static void an_idle_client_has_its_time(void **state) {
  struct inside *in = *state;
  char byte;
  in->options.idle_ms = 300;
  inside_start(in);
  int silent = inside_connect(in), busy = inside_connect(in);
  for (int i = 0; i < 12; i++) {
    inside_says(busy, "PING\r\n", "+PONG\r\n");
    usleep(50000);
  }
  assert_int_equal(net_recv(silent, &byte, 1), 0);
  inside_says(busy, "PING\r\n", "+PONG\r\n");
  assert_int_equal(net_recv(busy, &byte, 1), 0);
  close(silent);
  close(busy);
}

static void too_little_progress_ends_a_request(void **state) {
  struct inside *in = *state;
  struct server_stats stats;
  in->options.progress_ms = 500;
  in->options.progress_rate = 1000;
  inside_start(in);
  int fd = inside_connect(in);
  uint64_t began = now_ms();
  assert_true(net_send(fd, "*2\r\n$3\r\nGET\r\n$100000\r\n", 22));
  while (now_ms() - began < 8000 && send(fd, "x", 1, MSG_NOSIGNAL) == 1)
    usleep(20000); /* 50 bytes a second; its deadline is far */
  assert_true(now_ms() - began < 8000);
  server_stats(&in->server, &stats);
  assert_int_equal(stats.timed_out, 1);
  close(fd);
}

/* ---- memory ---- */

static void who_reads_nothing_costs_little(void **state) {
  struct inside *in = *state;
  enum { SIZE = 1 << 20, COUNT = 1000, WANTED = 8 << 20 };
  char head[64], *data = calloc(1, SIZE + 2);
  struct timeval wait = {.tv_usec = 300000};
  struct server_stats stats;
  assert_non_null(data);
  memcpy(data + SIZE, "\r\n", 2);
  inside_start(in);
  int fd = inside_connect(in);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
  int n = snprintf(head, sizeof head, "*2\r\n$4\r\nECHO\r\n$%d\r\n", SIZE);
  bool sent = true;
  for (int i = 0; i < COUNT && sent; i++)
    sent = net_send(fd, head, (size_t)n) && net_send(fd, data, SIZE + 2);
  assert_false(sent); /* the server does not take them all */
  server_stats(&in->server, &stats);
  print_message("a client that reads nothing costs %llu bytes\n",
                (unsigned long long)stats.client_memory);
  assert_true(stats.client_memory <= 5 * (uint64_t)WANTED);
  int other = inside_connect(in);
  inside_says(other, "PING\r\n", "+PONG\r\n");
  close(other);
  close(fd);
  free(data);
}

static void idle_clients_give_their_buffers_back(void **state) {
  struct inside *in = *state;
  enum { SIZE = 30000 };
  char *data = calloc(1, SIZE), reply[64];
  struct server_stats stats = {0};
  assert_non_null(data);
  inside_start(in);
  int fd = inside_connect(in);
  begin_long(fd, SIZE, data);
  end_long(fd, SIZE, data);
  for (int left = SIZE + 2; left > 0;) {
    long got =
        recv(fd, reply,
             (size_t)left < sizeof reply ? (size_t)left : sizeof reply, 0);
    assert_true(got > 0);
    left -= (int)got;
  }
  server_stats(&in->server, &stats);
  assert_true(stats.client_memory > 16384);
  for (int ms = 0; stats.client_memory > 2048 && ms < 20000; ms += 20) {
    usleep(20000);
    server_stats(&in->server, &stats);
  }
  assert_true(stats.client_memory <= 2048);
  inside_says(fd, "PING\r\n", "+PONG\r\n");
  close(fd);
  free(data);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      inside_test(half_a_request_has_its_time),
      inside_test(a_byte_now_and_then_does_not_help),
      inside_test(requests_in_pieces_may_follow_each_other),
      inside_test(replies_that_are_not_read_have_their_time),
      inside_test(arguments_reach_their_limit),
      inside_test(the_largest_clients_make_room),
      inside_test(who_would_be_the_largest_is_refused),
      inside_test(one_client_too_many_is_told),
      inside_test(an_address_has_its_share),
      inside_test(an_idle_client_has_its_time),
      inside_test(too_little_progress_ends_a_request),
      inside_test(who_reads_nothing_costs_little),
      inside_test(idle_clients_give_their_buffers_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
