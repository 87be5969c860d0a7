/* SPDX-License-Identifier: MIT */
/* The cache server and connections that misbehave: resets, odd segments, those
 * who hardly send or read, those who come and go, signals. VT_ABUSE_LONG=1 has
 * more of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "samples/site.h"
#include "support/net.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

#define PING "*1\r\n$4\r\nPING\r\n"
#define HALF "*2\r\n$3\r\nGET\r\n$1000\r\n"
#define REST_MS 20000

/* ---- helpers ---- */

static int many(int few, int all) {
  return getenv("VT_ABUSE_LONG") ? all : few;
}

static uint64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void start(struct site *s, const char *option, const char *value) {
  assert_true(site_start(s, option, value));
  assert_true(site_serves(s));
}

static void start_with(struct site *s, const char *const *options) {
  const char *arguments[14] = {"--port", "0", "--db", s->db};
  for (size_t i = 0; options[i]; i++)
    arguments[4 + i] = options[i];
  assert_true(site_run(s, arguments));
  assert_true(site_serves(s));
}

/* Nobody but who was there is left. */
static void expect_files(const struct site *s, int files) {
  for (int ms = 0; site_files(s) != files && ms < REST_MS; ms += 10)
    usleep(10000);
  assert_int_equal(site_files(s), files);
}

static void stop_well(struct site *s) {
  int status = site_stop(s, SIGTERM);
  assert_string_equal(site_errors(s), "");
  assert_int_equal(status, 0);
}

static void serve_then_stop(struct site *s, int files) {
  assert_true(site_serves(s));
  expect_files(s, files);
  stop_well(s);
}

/* ---- resets ---- */

static void a_reset_is_one_close(void **state) {
  struct site *s = *state;
  start(s, NULL, NULL);
  int files = site_files_at_rest(s, 0);
  for (int i = 0; i < 200; i++) {
    int fd = site_connect(s);
    assert_true(fd >= 0);
    for (int n = 0; n < i % 20; n++) /* replies are on their way */
      net_send(fd, "GET countries\r\n", 15);
    if (i % 3 == 0)
      net_send(fd, HALF, sizeof HALF - 1);
    if (i % 2)
      usleep(200);
    net_reset(fd);
  }
  serve_then_stop(s, files);
}

static void a_reset_before_the_accept_is_nothing(void **state) {
  struct site *s = *state;
  start(s, NULL, NULL);
  int files = site_files_at_rest(s, 0);
  kill(s->pid, SIGSTOP);
  for (int i = 0; i < 100; i++) {
    int fd = site_connect(s);
    assert_true(fd >= 0);
    if (i % 2)
      net_send(fd, PING, sizeof PING - 1);
    net_reset(fd);
  }
  kill(s->pid, SIGCONT);
  serve_then_stop(s, files);
}

static void connections_come_and_go(void **state) {
  struct site *s = *state;
  int count = many(5000, 200000);
  start(s, NULL, NULL);
  int files = site_files_at_rest(s, 0);
  size_t memory = site_memory(s);
  for (int i = 0; i < count; i++) {
    int fd = site_connect(s);
    assert_true(fd >= 0);
    if (i % 4 == 0)
      assert_true(site_says(fd, PING, "+PONG\r\n"));
    if (i % 4 == 1)
      close(fd);
    else
      net_reset(fd);
  }
  expect_files(s, files);
  print_message("%d connections; memory %zu KiB, before %zu KiB\n", count,
                site_memory(s) / 1024, memory / 1024);
  serve_then_stop(s, files);
}

/* ---- segments ---- */

static void odd_segments_have_no_effect(void **state) {
  struct site *s = *state;
  start(s, NULL, NULL);
  int files = site_files_at_rest(s, 0);
  int fd = site_connect(s);
  assert_int_equal(send(fd, "!", 1, MSG_OOB), 1); /* beside the stream */
  assert_true(site_says(fd, PING, "+PONG\r\n"));
  assert_true(send(fd, "", 0, MSG_NOSIGNAL) == 0);
  for (const char *c = PING PING; *c; c++)
    assert_int_equal(send(fd, c, 1, MSG_NOSIGNAL), 1);
  assert_true(site_says(fd, NULL, "+PONG\r\n+PONG\r\n"));
  for (int i = 0; i < 3; i++)
    assert_true(site_says(fd, PING, "+PONG\r\n"));
  close(fd);
  serve_then_stop(s, files);
}

static void half_a_batch_does_no_half_command(void **state) {
  struct site *s = *state;
  static const char batch[] = PING "*4\r\n$4\r\nHSET\r\n$10\r\ncountry:DE\r\n"
                                   "$4\r\nname\r\n$5\r\nNobod";
  start(s, NULL, NULL);
  int files = site_files_at_rest(s, 0);
  for (int i = 0; i < 50; i++) {
    int fd = site_connect(s);
    assert_true(net_send(fd, batch, sizeof batch - 1));
    if (i % 2)
      net_reset(fd);
    else
      close(fd);
  }
  int fd = site_connect(s);
  assert_true(site_says(fd, "GET country:DE\r\n", "$7\r\nGermany\r\n"));
  close(fd);
  serve_then_stop(s, files);
}

/* ---- those who hardly move ---- */

/* Sends each of them a byte now and then until all are closed. */
static int drip(int *fds, int count, uint64_t until) {
  int open = count;
  while (open > 0 && now_ms() < until) {
    open = 0;
    for (int i = 0; i < count; i++) {
      if (fds[i] < 0)
        continue;
      char byte;
      ssize_t n = recv(fds[i], &byte, 1, MSG_DONTWAIT);
      if (n == 0 || (n < 0 && errno != EAGAIN)) {
        close(fds[i]);
        fds[i] = -1;
        continue;
      }
      send(fds[i], "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
      open++;
    }
    usleep(50000);
  }
  return open;
}

static void a_thousand_who_drip_are_closed(void **state) {
  struct site *s = *state;
  enum { COUNT = 900 };
  static int fds[COUNT];
  start(s, "--request-timeout", "500ms");
  int files = site_files_at_rest(s, 0);
  for (int i = 0; i < COUNT; i++) {
    fds[i] = site_connect(s);
    assert_true(fds[i] >= 0);
    assert_true(net_send(fds[i], HALF, sizeof HALF - 1));
  }
  assert_true(site_serves(s));
  assert_int_equal(drip(fds, COUNT, now_ms() + 20000), 0);
  serve_then_stop(s, files);
}

static void who_reads_a_byte_at_a_time_is_closed(void **state) {
  struct site *s = *state;
  static const char *const options[] = {"--progress-window", "500ms",
                                        "--min-progress", "100000", NULL};
  enum { COUNT = 4000 }; /* more replies than a socket holds */
  static char requests[15 * COUNT];
  int small = 2048;
  char byte;
  start_with(s, options);
  int files = site_files_at_rest(s, 0);
  int fd = site_connect(s);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  for (size_t i = 0; i < COUNT; i++)
    memcpy(requests + 15 * i, "GET countries\r\n", 15);
  assert_true(net_send(fd, requests, sizeof requests));
  for (int ms = 0; site_files(s) > files && ms < REST_MS; ms += 10) {
    recv(fd, &byte, 1, MSG_DONTWAIT);
    usleep(10000);
  }
  expect_files(s, files);
  net_reset(fd);
  serve_then_stop(s, files);
}

/* ---- descriptors ---- */

static void it_recovers_from_no_descriptors(void **state) {
  struct site *s = *state;
  enum { CLIENTS = 200 };
  int fds[CLIENTS];
  s->files_max = 64;
  start(s, NULL, NULL);
  int first = site_connect(s);
  for (int i = 0; i < CLIENTS; i++)
    fds[i] = site_connect(s);
  for (int i = 0; i < 10; i++) {
    assert_true(site_says(first, PING, "+PONG\r\n"));
    usleep(20000);
  }
  for (int i = 0; i < CLIENTS; i++)
    close(fds[i]);
  uint64_t began = now_ms();
  assert_true(site_serves(s));
  uint64_t took = now_ms() - began;
  print_message("recovered after %llu ms\n", (unsigned long long)took);
  assert_true(took <= 5000); /* five times what is promised */
  close(first);
  assert_int_equal(site_stop(s, SIGTERM), 0);
}

/* ---- signals ---- */

static void signals_mean_what_they_should(void **state) {
  struct site *s = *state;
  start(s, "--log", s->log);
  int fd = site_connect(s);
  kill(s->pid, SIGPIPE);
  kill(s->pid, SIGHUP);
  assert_true(site_says(fd, PING, "+PONG\r\n"));
  kill(s->pid, SIGSTOP);
  assert_true(net_send(fd, PING, sizeof PING - 1));
  sleep((unsigned)many(1, 10));
  kill(s->pid, SIGCONT);
  assert_true(site_says(fd, NULL, "+PONG\r\n"));
  assert_true(site_serves(s));
  for (int i = 0; i < 100; i++)
    net_send(fd, "GET countries\r\n", 15);
  kill(s->pid, SIGTERM);
  usleep(1000);
  kill(s->pid, SIGTERM);
  assert_int_equal(site_wait(s), 0);
  assert_string_equal(site_errors(s), "");
  assert_non_null(strstr(site_read(s, s->log), "PING"));
  close(fd);
}

/* Signals until it is gone: some come anywhere in the end that the first one
 * began. */
static void more_signals_are_no_failure(void **state) {
  struct site *s = *state;
  for (int i = 0; i < many(4, 1000); i++) {
    siginfo_t gone = {.si_pid = 0};
    start(s, NULL, NULL);
    uint64_t until = now_ms() + REST_MS;
    while (gone.si_pid == 0 && now_ms() < until) {
      kill(s->pid, SIGTERM);
      waitid(P_PID, (id_t)s->pid, &gone, WEXITED | WNOHANG | WNOWAIT);
    }
    assert_int_equal(site_wait(s), 0);
  }
}

/* The clock of the server's wall is a file's: it jumps there and back. */
static void a_step_of_the_clock_is_nothing(void **state) {
  struct site *s = *state;
  static const char library[] =
      "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";
  char path[96];
  snprintf(path, sizeof path, "%s/time", s->dir);
  if (SANITIZED)
    skip(); /* a sanitizer must be loaded first */
  if (access(library, R_OK) != 0) {
    print_message("skipped: faketime is not installed\n");
    assert_null(getenv("VT_REQUIRE_TOOLS"));
    skip();
  }
  assert_true(site_write(path, "+0d", 3));
  setenv("LD_PRELOAD", library, 1);
  setenv("FAKETIME_TIMESTAMP_FILE", path, 1);
  setenv("FAKETIME_NO_CACHE", "1", 1);
  setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1", 1);
  bool started = site_start(s, "--request-timeout", "20s");
  unsetenv("LD_PRELOAD");
  assert_true(started);
  int fd = site_connect(s);
  assert_true(net_send(fd, "PI", 2));
  usleep(300000);
  for (int i = 0; i < 3; i++) {
    assert_true(site_write(path, i % 2 ? "-1d" : "+1d", 3));
    usleep(600000); /* the sweeper looks twice */
    assert_true(site_serves(s));
  }
  assert_true(site_says(fd, "NG\r\n", "+PONG\r\n")); /* it was not closed */
  close(fd);
  unlink(path);
  stop_well(s);
}

/* ---- the local socket ---- */

static void a_local_socket_is_its_owners(void **state) {
  struct site *s = *state;
  struct stat found;
  char path[96];
  snprintf(path, sizeof path, "%s/s", s->dir);
  mode_t before = umask(0);
  bool started = site_start(s, "--unix-socket", path);
  umask(before);
  assert_true(started);
  assert_int_equal(stat(path, &found), 0);
  assert_true(S_ISSOCK(found.st_mode));
  assert_int_equal(found.st_mode & 0777, 0600);
  stop_well(s);
  unlink(path);
}

/* ---- one who floods ---- */

/* A child that floods once it reads a byte, until it is killed. */
static pid_t begin_flood(const struct site *s, const int pipes[2]) {
  static char requests[14 * 1000], got[65536];
  pid_t pid = fork();
  if (pid != 0)
    return pid;
  int fd = site_connect(s);
  for (int i = 0; i < 1000; i++)
    memcpy(requests + 14 * i, PING, 14);
  if (read(pipes[0], got, 1) != 1)
    _exit(1);
  for (;;) {
    struct pollfd ready = {.fd = fd, .events = POLLIN | POLLOUT};
    poll(&ready, 1, -1);
    send(fd, requests, sizeof requests, MSG_DONTWAIT | MSG_NOSIGNAL);
    recv(fd, got, sizeof got, MSG_DONTWAIT);
  }
}

static void a_flood_of_one_leaves_the_others_served(void **state) {
  struct site *s = *state;
  enum { CLIENTS = 99 };
  int fds[CLIENTS], pipes[2];
  uint64_t quiet = 0, loud = 0, began;
  assert_int_equal(pipe(pipes), 0);
  start(s, NULL, NULL);
  for (int i = 0; i < CLIENTS; i++)
    fds[i] = site_connect(s);
  pid_t flood = begin_flood(s, pipes);
  for (int round = 0; round < 20; round++) {
    if (round == 10)
      assert_int_equal(write(pipes[1], "!", 1), 1);
    for (int i = 0; i < CLIENTS; i++) {
      began = now_ms();
      assert_true(site_says(fds[i], PING, "+PONG\r\n"));
      uint64_t took = now_ms() - began;
      uint64_t *worst = round < 10 ? &quiet : &loud;
      *worst = took > *worst ? took : *worst;
    }
  }
  print_message("slowest of 990: %llu ms alone, %llu ms beside a flood\n",
                (unsigned long long)quiet, (unsigned long long)loud);
  kill(flood, SIGKILL);
  waitpid(flood, NULL, 0);
  close(pipes[0]);
  close(pipes[1]);
  for (int i = 0; i < CLIENTS; i++)
    close(fds[i]);
  stop_well(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      site_test(a_reset_is_one_close),
      site_test(a_reset_before_the_accept_is_nothing),
      site_test(connections_come_and_go),
      site_test(odd_segments_have_no_effect),
      site_test(half_a_batch_does_no_half_command),
      site_test(a_thousand_who_drip_are_closed),
      site_test(who_reads_a_byte_at_a_time_is_closed),
      site_test(it_recovers_from_no_descriptors),
      site_test(signals_mean_what_they_should),
      site_test(more_signals_are_no_failure),
      site_test(a_step_of_the_clock_is_nothing),
      site_test(a_local_socket_is_its_owners),
      site_test(a_flood_of_one_leaves_the_others_served),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
