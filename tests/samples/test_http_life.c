/* SPDX-License-Identifier: MIT */
/* HTTP connections: how they go on, and how they end. */
#include "samples/http_client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "support/net.h"

static int start(struct inside *in) {
  in->http = true;
  inside_start(in);
  return inside_connect_http(in);
}

static void send_text(int fd, const char *text) {
  assert_true(net_send(fd, text, strlen(text)));
}

/* Wants a refusal that ends the connection. */
static void is_refused(int fd, int status) {
  struct http_got got;
  http_read(fd, &got, false);
  assert_int_equal(got.status, status);
  assert_non_null(strstr(got.head, "\r\nConnection: close\r\n"));
  http_got_free(&got);
  http_ends(fd);
}

/* Whatever is answered, it is the last. */
static void http_ends_soon(int fd) {
  char rest[4096];
  long n = recv(fd, rest, sizeof rest, 0);
  while (n > 0)
    n = recv(fd, rest, sizeof rest, 0);
  assert_true(n == 0 || errno == ECONNRESET);
}

static void is_healthy(int fd) { http_says(fd, "/healthz", 200, "ok\n"); }

/* ---- one after another ---- */

static void answers_come_in_order(void **state) {
  int fd = start(*state);
  static const char *const targets[] = {"/countries/4", "/countries",
                                        "/countries?q=germ", "/none"};
  char text[40 * 64];
  size_t size = 0;
  struct http_got got;
  for (int i = 0; i < 40; i++)
    size += (size_t)sprintf(text + size, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n",
                            targets[i % 4]);
  assert_true(net_send(fd, text, size));
  for (int i = 0; i < 40; i++) {
    http_read(fd, &got, false);
    assert_int_equal(got.status, i % 4 == 3 ? 404 : 200);
    assert_non_null(strstr(got.body, i % 4 == 0   ? "{\"numeric\":4,"
                                     : i % 4 == 1 ? "[{\"numeric\":4,"
                                     : i % 4 == 2 ? "Germany"
                                                  : "Not Found"));
    http_got_free(&got);
  }
  close(fd);
}

static void who_waits_is_told_to_go_on(void **state) {
  int fd = start(*state);
  struct http_got got;
  send_text(fd, "PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
                "Content-Length: 3\r\n\r\n");
  http_read(fd, &got, true);
  assert_int_equal(got.status, 100);
  http_got_free(&got);
  send_text(fd, "a");
  send_text(fd, "bc");
  http_read(fd, &got, false);
  assert_int_equal(got.status, 405);
  http_got_free(&got);
  is_healthy(fd);
  close(fd);
}

/* ---- limits ---- */

static void one_client_too_many_is_told(void **state) {
  struct inside *in = *state;
  in->options.clients_max = 1;
  int fd = start(in);
  is_healthy(fd);
  int second = inside_connect_http(in);
  is_refused(second, 503);
  is_healthy(fd);
  close(second);
  close(fd);
}

static void buffers_of_all_clients_have_a_limit(void **state) {
  struct inside *in = *state;
  char text[8192];
  in->options.held_max = 12288;
  int fd = start(in), other = inside_connect_http(in);
  memset(text, 'a', sizeof text);
  memcpy(text, "GET / HTTP/1.1\r\nX: ", 19);
  is_healthy(other);
  net_send(fd, text, sizeof text);
  net_send(fd, text + 19, sizeof text - 19); /* more than it may have */
  http_ends_soon(fd);
  is_healthy(other);
  close(other);
  close(fd);
}

/* ---- time ---- */

static void half_a_head_has_its_time(void **state) {
  struct inside *in = *state;
  in->options.http.head_ms = 200;
  int fd = start(in), idle = inside_connect_http(in);
  send_text(fd, "GET / HTTP/1.1\r\nHos");
  is_refused(fd, 408);
  close(fd);
  is_healthy(idle); /* between requests there is more */
  close(idle);
}

static void a_field_now_and_then_does_not_help(void **state) {
  struct inside *in = *state;
  char byte;
  in->options.http.head_ms = 300;
  int fd = start(in);
  send_text(fd, "GET / HTTP/1.1\r\n");
  int sent = 0;
  while (sent < 400 && recv(fd, &byte, 1, MSG_DONTWAIT) < 0) {
    net_send(fd, "X: y\r\n", 6);
    usleep(20000);
    sent++;
  }
  assert_true(sent < 400); /* that would have been eight seconds */
  close(fd);
}

static void half_a_body_has_its_time(void **state) {
  struct inside *in = *state;
  in->options.stall_ms = 200;
  int fd = start(in);
  struct http_got got;
  send_text(fd, "PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
                "Content-Length: 3\r\n\r\n");
  http_read(fd, &got, true);
  assert_int_equal(got.status, 100);
  http_got_free(&got);
  is_refused(fd, 408);
  close(fd);
}

static void an_idle_connection_is_closed(void **state) {
  struct inside *in = *state;
  in->options.http.idle_ms = 200;
  int silent = start(in), idle = inside_connect_http(in);
  is_healthy(idle);
  http_ends(idle);
  http_ends(silent);
  close(idle);
  close(silent);
}

/* Sends and reads nothing; true when the server has closed. */
static bool flood(int fd, const char *text) {
  uint64_t began = uv_hrtime();
  bool closed = false;
  while (!closed && uv_hrtime() - began < UINT64_C(9000000000))
    closed = send(fd, text, strlen(text), MSG_NOSIGNAL) < 0 && errno != EAGAIN;
  return closed;
}

static void answers_that_are_not_read_have_their_time(void **state) {
  struct inside *in = *state;
  struct timeval wait = {.tv_usec = 200000};
  in->options.stall_ms = 300;
  int fd = start(in);
  size_t before, after;
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
  is_healthy(fd);
  uv_resident_set_memory(&before);
  assert_true(flood(fd, "GET /countries HTTP/1.1\r\nHost: x\r\n\r\n"));
  uv_resident_set_memory(&after);
  assert_true(after < before + (40u << 20)); /* five times what is promised */
  close(fd);
  fd = inside_connect_http(in);
  is_healthy(fd);
  close(fd);
}

/* A byte of the answers now and then is not enough. */
static void a_slow_reader_is_given_up(void **state) {
  struct inside *in = *state;
  static const char text[] = "GET /countries HTTP/1.1\r\nHost: x\r\n\r\n";
  struct timeval wait = {.tv_usec = 20000};
  char byte;
  in->options.progress_rate = 1000000;
  in->options.progress_ms = 300;
  int fd = start(in);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
  uint64_t began = uv_hrtime();
  bool closed = false;
  while (!closed && uv_hrtime() - began < UINT64_C(9000000000)) {
    closed =
        send(fd, text, sizeof text - 1, MSG_NOSIGNAL) < 0 && errno != EAGAIN;
    recv(fd, &byte, 1, MSG_DONTWAIT);
  }
  assert_true(closed); /* the deadline alone is thirty seconds */
  close(fd);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      inside_test(answers_come_in_order),
      inside_test(who_waits_is_told_to_go_on),
      inside_test(one_client_too_many_is_told),
      inside_test(buffers_of_all_clients_have_a_limit),
      inside_test(half_a_head_has_its_time),
      inside_test(a_field_now_and_then_does_not_help),
      inside_test(half_a_body_has_its_time),
      inside_test(an_idle_connection_is_closed),
      inside_test(answers_that_are_not_read_have_their_time),
      inside_test(a_slow_reader_is_given_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
