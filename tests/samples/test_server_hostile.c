/* SPDX-License-Identifier: MIT */
/* The cache server and those who mean it no good: each abuse is answered, cut
 * off or waited for within bounds, and others are served meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "samples/site.h"
#include "support/net.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MEMORY_COUNTS 0 /* a sanitizer keeps what was freed */
#else
#define MEMORY_COUNTS 1
#endif

#define KIB ((size_t)1024)
#define MIB (KIB * KIB)

/* ---- helpers ---- */

static int start_and_connect(struct site *s) {
  assert_true(site_start(s, NULL, NULL));
  assert_true(site_serves(s));
  int fd = site_connect(s);
  assert_true(fd >= 0);
  return fd;
}

static void stop_well(struct site *s) {
  int status = site_stop(s, SIGTERM);
  assert_string_equal(site_errors(s), "");
  assert_int_equal(status, 0);
}

/* Waits until the server has as many descriptors as before. */
static void expect_files(const struct site *s, int files) {
  for (int ms = 0; site_files(s) != files && ms < 3000; ms += 10)
    usleep(10000);
  assert_int_equal(site_files(s), files);
}

/* Each input on a connection of its own gets this error, and the end. */
static void expect_error_and_close(struct site *s, const char *request,
                                   size_t size, const char *error) {
  char wanted[128];
  int files = site_files_at_rest(s, 0);
  int fd = site_connect(s);
  assert_true(fd >= 0);
  int n = snprintf(wanted, sizeof wanted, "-ERR Protocol error: %s\r\n", error);
  assert_true(site_ask(fd, request, size, wanted, (size_t)n));
  assert_true(site_is_closed(fd));
  assert_true(site_serves(s));
  close(fd);
  expect_files(s, files);
}

static void *repeat(char c, size_t size) {
  char *data = malloc(size);
  assert_non_null(data);
  memset(data, c, size);
  return data;
}

/* ---- what is malformed ---- */

struct abuse {
  const char *request;
  size_t size;
  const char *error;
};

#define ABUSE(request, error)                                                  \
  { (request), sizeof(request) - 1, (error) }

static void nonsense_gets_an_error_and_the_end(void **state) {
  struct site *s = *state;
  static const struct abuse abuses[] = {
      ABUSE("*abc\r\n", "invalid multibulk length"),
      ABUSE("*2147483648\r\n", "invalid multibulk length"),
      ABUSE("*9223372036854775808\r\n", "invalid multibulk length"),
      ABUSE("*1048577\r\n", "invalid multibulk length"),
      ABUSE("*-2\r\n", "invalid multibulk length"),
      ABUSE("*1\n", "invalid multibulk length"),
      ABUSE("*\0\r\n", "invalid multibulk length"),
      ABUSE("*1\r\n$x\r\n", "invalid bulk length"),
      ABUSE("*1\r\n$-1\r\n", "invalid bulk length"),
      ABUSE("*1\r\n$536870913\r\n", "invalid bulk length"),
      ABUSE("*1\r\n$18446744073709551616\r\n", "invalid bulk length"),
      ABUSE("*1\r\n:3\r\n", "expected '$', got ':'"),
      ABUSE("*1\r\n*1\r\n", "expected '$', got '*'"),
      ABUSE("*1\r\n\n", "expected '$', got '\\x0a'"),
      ABUSE("*1\r\n$4\r\nPINGxx", "bulk is not followed by CRLF"),
      ABUSE("ECHO \"a\r\n", "unbalanced quotes in request"),
      ABUSE("%1\r\n", "expected an array or an inline request"),
      ABUSE("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
            "zero byte in inline request"),
      ABUSE("\0\r\n", "zero byte in inline request"),
  };
  close(start_and_connect(s));
  for (size_t i = 0; i < sizeof abuses / sizeof *abuses; i++)
    expect_error_and_close(s, abuses[i].request, abuses[i].size,
                           abuses[i].error);
  stop_well(s);
}

static void endless_lines_get_an_error_and_the_end(void **state) {
  struct site *s = *state;
  char *line = repeat('1', 64 * KIB);
  close(start_and_connect(s));
  expect_error_and_close(s, line, 64 * KIB, "too big inline request");
  line[0] = '*';
  char *count = malloc(64 * KIB + 1);
  assert_non_null(count);
  memcpy(count, line, 64 * KIB);
  count[64 * KIB] = '1';
  expect_error_and_close(s, count, 64 * KIB + 1, "too big mbulk count string");
  free(count);
  free(line);
  stop_well(s);
}

static void replies_before_the_error_are_read(void **state) {
  struct site *s = *state;
  int fd = start_and_connect(s);
  assert_true(site_says(fd, "PING\r\nGET country:DE\r\n*x\r\nPING\r\n",
                        "+PONG\r\n$7\r\nGermany\r\n"
                        "-ERR Protocol error: invalid multibulk length\r\n"));
  assert_true(site_is_closed(fd));
  close(fd);
  stop_well(s);
}

/* A close with bytes unread would reset, and take the error away. */
static void the_error_is_read_by_who_keeps_sending(void **state) {
  struct site *s = *state;
  int fd = start_and_connect(s);
  char *more = repeat('x', 32 * KIB);
  assert_int_equal(send(fd, "*x\r\n", 4, 0), 4);
  usleep(20000);
  assert_true(net_send(fd, more, 32 * KIB));
  usleep(20000);
  assert_true(
      site_says(fd, NULL, "-ERR Protocol error: invalid multibulk length\r\n"));
  assert_true(site_is_closed(fd));
  free(more);
  close(fd);
  stop_well(s);
}

static void who_stays_after_an_error_is_closed(void **state) {
  struct site *s = *state;
  close(start_and_connect(s));
  int files = site_files_at_rest(s, 0);
  int fd = site_connect(s);
  assert_true(site_says(fd, "*x\r\n",
                        "-ERR Protocol error: invalid multibulk length\r\n"));
  expect_files(s, files); /* though this side is open */
  close(fd);
  stop_well(s);
}

static void http_is_closed_without_a_word(void **state) {
  struct site *s = *state;
  static const char *const requests[] = {
      "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "POST /x HTTP/1.1\r\nContent-Length: 9\r\n\r\nFLUSHALL\n",
      "Host: localhost\r\n"};
  close(start_and_connect(s));
  for (size_t i = 0; i < 3; i++) {
    char byte;
    int fd = site_connect(s);
    assert_true(net_send(fd, requests[i], strlen(requests[i])));
    assert_true(net_recv(fd, &byte, 1) <= 0); /* the end, or a reset */
    close(fd);
  }
  assert_true(site_serves(s));
  stop_well(s);
}

/* ---- what is odd ---- */

static void odd_requests_keep_the_connection(void **state) {
  struct site *s = *state;
  char request[21000], wanted[400];
  int fd = start_and_connect(s);
  assert_true(site_says(fd, "\r\n\r\n*0\r\n*-1\r\nPING\r\n", "+PONG\r\n"));
  assert_true(site_ask(fd, "*2\r\n$3\r\nGET\r\n$5\r\n\0\r\n\xff*\r\n", 24,
                       "$-1\r\n", 5));
  assert_true(site_says(fd, "*1\r\n$5\r\na\r\n+b\r\n",
                        "-ERR unknown command 'a\\r\\n+b', with args "
                        "beginning with: \r\n"));
  memset(request, 'n', sizeof request);
  int head = sprintf(request, "*1\r\n$20000\r\n");
  request[head] = 'n';
  memcpy(request + head + 20000, "\r\n", 2);
  sprintf(wanted, "-ERR unknown command '%.128s', with args beginning with: ",
          request + head);
  strcat(wanted, "\r\n");
  assert_true(
      site_ask(fd, request, (size_t)head + 20002, wanted, strlen(wanted)));
  assert_true(site_says(fd, "PING\r\n", "+PONG\r\n"));
  close(fd);
  stop_well(s);
}

static void half_a_command_then_close_is_nothing(void **state) {
  struct site *s = *state;
  int fd = start_and_connect(s);
  int files = site_files_at_rest(s, 1);
  assert_int_equal(send(fd, "*2\r\n$3\r\nGET\r\n$10\r\ncoun", 23, 0), 23);
  assert_int_equal(shutdown(fd, SHUT_WR), 0);
  assert_true(site_is_closed(fd));
  close(fd);
  fd = site_connect(s);
  assert_int_equal(send(fd, "*2\r\n$3\r\nGET\r\n$100000\r\n", 23, 0), 23);
  net_reset(fd);
  expect_files(s, files - 1);
  assert_true(site_serves(s));
  stop_well(s);
}

/* ---- what is large ---- */

static void what_is_declared_costs_nothing(void **state) {
  struct site *s = *state;
  enum { CLIENTS = 50 };
  int fds[CLIENTS];
  close(start_and_connect(s));
  size_t before = site_memory(s);
  for (int i = 0; i < CLIENTS; i++) {
    static const char half[] = "*1048576\r\n$67108864\r\nabc";
    fds[i] = site_connect(s);
    assert_true(net_send(fds[i], half, sizeof half - 1));
  }
  assert_true(site_serves(s));
  if (MEMORY_COUNTS)
    assert_true(site_memory(s) < before + MIB);
  for (int i = 0; i < CLIENTS; i++)
    close(fds[i]);
  stop_well(s);
}

static void a_bulk_over_the_limit_is_skipped(void **state) {
  struct site *s = *state;
  int fd = start_and_connect(s);
  size_t size = 70 * MIB, before = site_memory(s);
  char *piece = repeat('x', MIB);
  assert_true(site_says(fd, "*2\r\n$4\r\nECHO\r\n$73400320\r\n", ""));
  for (size_t sent = 0; sent < size; sent += MIB)
    assert_true(net_send(fd, piece, MIB));
  free(piece);
  if (MEMORY_COUNTS)
    assert_true(site_memory(s) < before + 2 * MIB);
  assert_true(site_says(fd, "\r\nPING\r\n",
                        "-ERR argument exceeds the limit of 67108864 bytes\r\n"
                        "+PONG\r\n"));
  close(fd);
  stop_well(s);
}

/* Sends the request again and again until the server takes no more; how many
 * went out whole. The socket stays full. */
static size_t send_until_full(int fd, const char *request, size_t size,
                              size_t most) {
  struct timeval short_wait = {.tv_usec = 300000};
  size_t sent = 0;
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &short_wait, sizeof short_wait);
  while (sent < most && send(fd, request, size, MSG_NOSIGNAL) == (ssize_t)size)
    sent++;
  return sent;
}

static void replies_that_are_not_read_are_bounded(void **state) {
  struct site *s = *state;
  static const char request[] = "*2\r\n$3\r\nGET\r\n$9\r\ncountries\r\n";
  int fd = start_and_connect(s);
  char *reply = malloc(16 * KIB);
  assert_non_null(reply);
  assert_true(site_says(fd, "GET countries\r\n", "$"));
  size_t size = (size_t)recv(fd, reply, 16 * KIB, 0);
  size_t before = site_memory(s);
  for (int i = 0; i < 1000; i++)
    assert_true(net_send(fd, request, sizeof request - 1));
  usleep(200000);
  assert_true(site_serves(s));
  if (MEMORY_COUNTS)
    assert_true(site_memory(s) < before + 8 * MIB);
  char *again = malloc(size + 1);
  assert_non_null(again);
  for (int i = 0; i < 1000; i++) {
    assert_int_equal(net_recv(fd, again, size + 1), (long)size + 1);
    assert_memory_equal(again + 1, reply, size);
  }
  assert_true(site_says(fd, "PING\r\n", "+PONG\r\n"));
  free(again);
  free(reply);
  close(fd);
  stop_well(s);
}

static void one_command_with_an_endless_reply_is_bounded(void **state) {
  struct site *s = *state;
  enum { KEYS = 20000 };
  int fd = start_and_connect(s);
  char *request = malloc(32 + KEYS * 15);
  assert_non_null(request);
  size_t size = (size_t)sprintf(request, "*%d\r\n$4\r\nMGET\r\n", KEYS + 1);
  for (int i = 0; i < KEYS; i++)
    size += (size_t)sprintf(request + size, "$9\r\ncountries\r\n");
  size_t before = site_memory(s);
  assert_true(site_ask(fd, request, size, "*20000\r\n$", 9));
  usleep(300000);
  assert_true(site_serves(s));
  if (MEMORY_COUNTS)
    assert_true(site_memory(s) < before + 8 * MIB);
  free(request);
  close(fd);
  assert_true(site_serves(s));
  stop_well(s);
}

static void who_floods_and_never_reads_is_not_read(void **state) {
  struct site *s = *state;
  static const char request[] = "*1\r\n$4\r\nPING\r\n";
  char *many = malloc(1000 * (sizeof request - 1));
  int fd = start_and_connect(s);
  assert_non_null(many);
  for (size_t i = 0; i < 1000; i++)
    memcpy(many + i * (sizeof request - 1), request, sizeof request - 1);
  size_t before = site_memory(s);
  size_t sent = send_until_full(fd, many, 1000 * (sizeof request - 1), 100000);
  assert_true(sent < 100000);
  assert_true(site_serves(s));
  if (MEMORY_COUNTS)
    assert_true(site_memory(s) < before + 8 * MIB);
  free(many);
  net_reset(fd);
  assert_true(site_serves(s));
  stop_well(s);
}

/* ---- what is many ---- */

/* Those who come while there are none are turned away or wait; those who were
 * there, and those who come later, are served. */
static void descriptors_running_out_stop_nobody_else(void **state) {
  struct site *s = *state;
  enum { CLIENTS = 60 };
  int fds[CLIENTS];
  s->files_max = 40;
  int first = start_and_connect(s);
  for (int i = 0; i < CLIENTS; i++)
    fds[i] = site_connect(s);
  for (int i = 0; i < 10; i++) {
    assert_true(site_says(first, "PING\r\n", "+PONG\r\n"));
    usleep(50000);
  }
  for (int i = 0; i < CLIENTS; i++)
    close(fds[i]);
  usleep(1100000); /* the longest that the listener pauses */
  assert_true(site_serves(s));
  close(first);
  stop_well(s);
}

static void connections_that_come_and_go_leave_nothing(void **state) {
  struct site *s = *state;
  close(start_and_connect(s));
  int files = site_files_at_rest(s, 0);
  for (int i = 0; i < 2000; i++) {
    int fd = site_connect(s);
    assert_true(fd >= 0);
    if (i % 3 == 0)
      assert_true(site_says(fd, "GET country:DE\r\n", "$7\r\nGermany\r\n"));
    else if (i % 3 == 1)
      assert_true(net_send(fd, "GET country:DE\r\n", 16));
    if (i % 2)
      net_reset(fd);
    else
      close(fd);
  }
  expect_files(s, files);
  assert_true(site_serves(s));
  stop_well(s);
}

static void signals_stop_it_with_stuck_clients(void **state) {
  struct site *s = *state;
  int reader = start_and_connect(s);
  int half = site_connect(s);
  for (int i = 0; i < 1000; i++)
    assert_true(net_send(reader, "GET countries\r\n", 15));
  assert_true(net_send(half, "*2\r\n$100\r\nabc", 13));
  usleep(100000);
  assert_int_equal(site_stop(s, SIGTERM), 0);
  close(reader);
  close(half);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      site_test(nonsense_gets_an_error_and_the_end),
      site_test(endless_lines_get_an_error_and_the_end),
      site_test(replies_before_the_error_are_read),
      site_test(the_error_is_read_by_who_keeps_sending),
      site_test(who_stays_after_an_error_is_closed),
      site_test(http_is_closed_without_a_word),
      site_test(odd_requests_keep_the_connection),
      site_test(half_a_command_then_close_is_nothing),
      site_test(what_is_declared_costs_nothing),
      site_test(a_bulk_over_the_limit_is_skipped),
      site_test(replies_that_are_not_read_are_bounded),
      site_test(one_command_with_an_endless_reply_is_bounded),
      site_test(who_floods_and_never_reads_is_not_read),
      site_test(descriptors_running_out_stop_nobody_else),
      site_test(connections_that_come_and_go_leave_nothing),
      site_test(signals_stop_it_with_stuck_clients),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
