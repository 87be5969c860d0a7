/* SPDX-License-Identifier: MIT */
/* What clients cost the cache server at the most: promised bounds, shown, and
 * asserted at five times their value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "samples/site.h"
#include "support/net.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MEMORY_COUNTS 0 /* a sanitizer's memory is not the server's */
#define CLIENTS 1000
#else
#define MEMORY_COUNTS 1
#define CLIENTS 10000
#endif

#define SLOW_READERS 1000
#define KIB ((size_t)1024)
#define MIB (KIB * KIB)
#define TIMES 5
#define PING "*1\r\n$4\r\nPING\r\n"

/* ---- helpers ---- */

static uint64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* This side's descriptors, and by inheritance the server's. */
static int room(int wanted) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_max != RLIM_INFINITY && (rlim_t)wanted + 100 > limit.rlim_max)
    wanted = (int)limit.rlim_max - 100;
  return wanted;
}

static size_t growth(const struct site *s, size_t before) {
  size_t now = site_memory(s);
  return now > before ? now - before : 0;
}

static void expect_at_most(const char *what, size_t bytes, size_t promised) {
  print_message("%s: %zu bytes, promised %zu\n", what, bytes, promised);
  assert_true(!MEMORY_COUNTS || bytes <= TIMES * promised);
}

/* As much of the data, again and again, as the server takes now. */
static size_t fill(int fd, const char *data, size_t size, size_t most) {
  struct timeval wait = {.tv_usec = 200000};
  size_t sent = 0;
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
  while (sent < most) {
    ssize_t n = send(fd, data + sent % size, size - sent % size, MSG_NOSIGNAL);
    if (n <= 0)
      return sent;
    sent += (size_t)n;
  }
  return sent;
}

/* A request that is answered with a mebibyte. */
static char *make_echo(size_t *out_size) {
  char *data = malloc(MIB + 64);
  assert_non_null(data);
  int head = sprintf(data, "*2\r\n$4\r\nECHO\r\n$%zu\r\n", MIB);
  memset(data + head, 'x', MIB);
  memcpy(data + (size_t)head + MIB, "\r\n", 2);
  *out_size = (size_t)head + MIB + 2;
  return data;
}

/* ---- cases ---- */

static size_t count_lines(const char *path, const char *word) {
  char line[512];
  size_t count = 0;
  FILE *file = fopen(path, "r");
  while (file && fgets(line, sizeof line, file))
    count += strstr(line, word) != NULL;
  if (file)
    fclose(file);
  return count;
}

/* Each has been served; half of them then hang within a request. */
static void many_idle_clients_are_cheap_and_stopped_in_time(void **state) {
  struct site *s = *state;
  static const char half[] = "*2\r\n$3\r\nGET\r\n$10\r\ncoun";
  int count = room(CLIENTS);
  int *fds = calloc((size_t)count, sizeof *fds);
  const char *const arguments[] = {"--port",        "0",     "--db",
                                   s->db,           "--log", s->log,
                                   "--max-clients", "20000", NULL};
  assert_non_null(fds);
  assert_true(site_run(s, arguments));
  assert_true(site_serves(s));
  size_t before = site_memory(s);
  for (int i = 0; i < count; i++) {
    fds[i] = site_connect(s);
    assert_true(fds[i] >= 0);
    assert_true(site_says(fds[i], PING, "+PONG\r\n"));
  }
  usleep(3000000); /* idle ones give their buffers back */
  assert_true(site_serves(s));
  expect_at_most("a client", growth(s, before) / (size_t)count, 2 * KIB);
  for (int i = 0; i < count; i += 2)
    assert_true(net_send(fds[i], half, sizeof half - 1));
  uint64_t began = now_ms();
  int status = site_stop(s, SIGTERM);
  print_message("%d clients: ended after %llu ms, promised 5000\n", count,
                (unsigned long long)(now_ms() - began));
  assert_int_equal(status, 0);
  assert_int_equal(count_lines(s->log, "PING"), count + 2);
  for (int i = 0; i < count; i++)
    close(fds[i]);
  free(fds);
}

static void a_thousand_unread_mebibytes_are_cheap(void **state) {
  struct site *s = *state;
  size_t size;
  char *echo = make_echo(&size);
  assert_true(site_start(s, NULL, NULL));
  assert_true(site_serves(s));
  size_t before = site_memory(s);
  int fd = site_connect(s);
  size_t sent = fill(fd, echo, size, 1000 * size);
  print_message("%zu MiB of 1000 were taken\n", sent / MIB);
  assert_true(sent < 1000 * size);
  assert_true(site_serves(s));
  expect_at_most("who reads nothing", growth(s, before), 8 * MIB);
  net_reset(fd);
  assert_true(site_serves(s));
  assert_int_equal(site_stop(s, SIGTERM), 0);
  free(echo);
}

/* One more who asks for much and reads nothing. */
static int begin_slow(const struct site *s, const char *data, size_t size) {
  int none = 1;
  int fd = site_connect(s);
  assert_true(fd >= 0);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &none, sizeof none);
  for (size_t sent = 0; sent < 2 * size;) {
    ssize_t n = send(fd, data + sent % size, size - sent % size,
                     MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n <= 0)
      break;
    sent += (size_t)n;
  }
  return fd;
}

static void all_slow_readers_together_are_bounded(void **state) {
  struct site *s = *state;
  int count = room(SLOW_READERS);
  int *fds = calloc((size_t)count, sizeof *fds);
  size_t size;
  char *echo = make_echo(&size);
  assert_non_null(fds);
  assert_true(site_start(s, "--client-memory", "32m"));
  assert_true(site_serves(s));
  size_t before = site_memory(s), most = 0;
  for (int i = 0; i < count; i++) {
    fds[i] = begin_slow(s, echo, size);
    most = growth(s, before) > most ? growth(s, before) : most;
  }
  assert_true(site_serves(s));
  print_message("%d slow readers\n", count);
  expect_at_most("all of them", most, 32 * MIB);
  for (int i = 0; i < count; i++)
    net_reset(fds[i]);
  assert_true(site_serves(s));
  assert_int_equal(site_stop(s, SIGTERM), 0);
  free(echo);
  free(fds);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      site_test(many_idle_clients_are_cheap_and_stopped_in_time),
      site_test(a_thousand_unread_mebibytes_are_cheap),
      site_test(all_slow_readers_together_are_bounded),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
