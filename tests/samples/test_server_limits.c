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

static void long_requests_share_a_limit(void **state) {
  struct inside *in = *state;
  enum { SIZE = 600000 };
  static const char refusal[] = "-ERR too many long requests at once\r\n";
  char *data = calloc(1, SIZE);
  char got[64] = "";
  assert_non_null(data);
  in->options.held_max = 1 << 20;
  inside_start(in);
  int first = inside_connect(in), second = inside_connect(in),
      third = inside_connect(in);
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
  second = inside_connect(in);
  begin_long(second, SIZE, data);
  assert_true(net_send(second, data, SIZE / 2));
  assert_true(net_send(second, "\r\n", 2));
  assert_int_equal(net_recv(second, got, 9), 9);
  assert_memory_equal(got, "$600000\r\n", 9);
  close(second);
  free(data);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      inside_test(half_a_request_has_its_time),
      inside_test(a_byte_now_and_then_does_not_help),
      inside_test(requests_in_pieces_may_follow_each_other),
      inside_test(replies_that_are_not_read_have_their_time),
      inside_test(arguments_reach_their_limit),
      inside_test(long_requests_share_a_limit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
