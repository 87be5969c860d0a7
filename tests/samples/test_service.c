/* SPDX-License-Identifier: MIT */
/* The cache server as a service: options from a file, its log rotated, stopped
 * with stuck clients, and with ten thousand of them. */
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
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "samples/site.h"
#include "support/net.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MEMORY_COUNTS 0 /* a sanitizer keeps what was freed */
#else
#define MEMORY_COUNTS 1
#endif

enum { MANY = 10000 };

/* ---- helpers ---- */

static void run(struct site *s, const char *const *more) {
  const char *arguments[16] = {"--port", "0", "--db", s->db};
  size_t count = 4;
  while (*more)
    arguments[count++] = *more++;
  assert_true(site_run(s, arguments));
}

#define RUN(s, ...) run((s), (const char *const[]){__VA_ARGS__, NULL})

static void ping(int fd, int times) {
  for (int i = 0; i < times; i++)
    assert_true(site_says(fd, "PING\r\n", "+PONG\r\n"));
}

/* Lines of a file, each of which is whole. */
static int whole_lines(const char *path) {
  char line[4096];
  int count = 0;
  FILE *file = fopen(path, "r");
  if (!file)
    return 0;
  for (; fgets(line, sizeof line, file); count++) {
    assert_int_equal(strncmp(line, "time=20", 7), 0);
    assert_int_equal(line[strlen(line) - 1], '\n');
  }
  fclose(file);
  return count;
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Pipelines requests for long replies, and does not read them. */
static void get_stuck(int fd) {
  static const char request[] = "GET countries\r\n";
  char many[300 * (sizeof request - 1)];
  for (size_t i = 0; i < 300; i++)
    memcpy(many + i * (sizeof request - 1), request, sizeof request - 1);
  send(fd, many, sizeof many, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* ---- options ---- */

static void a_file_and_the_environment_may_start_it(void **state) {
  struct site *s = *state;
  char text[256];
  int size = snprintf(text, sizeof text, "db %s\nport 1\nloops 2\n", s->db);
  assert_true(site_write(s->csv, text, (size_t)size));
  setenv("VT_CACHE_SERVER_PORT", "0", 1);
  setenv("VT_CACHE_SERVER_CONFIG", s->csv, 1);
  bool runs = site_run(s, (const char *const[]){"--max-clients", "5", NULL});
  unsetenv("VT_CACHE_SERVER_PORT");
  unsetenv("VT_CACHE_SERVER_CONFIG");
  assert_true(runs);
  assert_true(site_serves(s));
  assert_int_equal(site_stop(s, SIGTERM), 0);
}

/* ---- the log ---- */

static void a_hangup_goes_on_in_a_new_file(void **state) {
  struct site *s = *state;
  char old[112];
  int fds[6];
  snprintf(old, sizeof old, "%s.1", s->log);
  RUN(s, "--log", s->log, "--loops", "2");
  for (size_t i = 0; i < 6; i++) {
    fds[i] = site_connect(s);
    ping(fds[i], 50);
  }
  assert_int_equal(rename(s->log, old), 0);
  kill(s->pid, SIGHUP);
  for (int ms = 0; access(s->log, F_OK) != 0 && ms < 20000; ms += 10)
    usleep(10000);
  for (size_t i = 0; i < 6; i++) {
    ping(fds[i], 50);
    close(fds[i]);
  }
  assert_int_equal(site_stop(s, SIGTERM), 0);
  assert_string_equal(site_errors(s), "");
  int before = whole_lines(old), after = whole_lines(s->log);
  unlink(old);
  assert_true(before >= 300 && after > 0);
  assert_int_equal(before + after, 600);
}

static void a_log_that_cannot_be_reopened_goes_on(void **state) {
  struct site *s = *state;
  char folder[96], away[112], log[128];
  snprintf(folder, sizeof folder, "%s/logs", s->dir);
  snprintf(log, sizeof log, "%s/l", folder);
  snprintf(away, sizeof away, "%.90s/away", s->dir);
  assert_int_equal(mkdir(folder, 0700), 0);
  RUN(s, "--log", log);
  int fd = site_connect(s);
  ping(fd, 5);
  assert_int_equal(rename(folder, away), 0);
  kill(s->pid, SIGHUP);
  for (int ms = 0; !strstr(site_errors(s), "reopened") && ms < 20000; ms += 10)
    usleep(10000);
  ping(fd, 5);
  close(fd);
  assert_int_equal(site_stop(s, SIGTERM), 0);
  assert_non_null(strstr(site_errors(s), "no such file or directory"));
  snprintf(log, sizeof log, "%s/l", away);
  assert_int_equal(whole_lines(log), 10);
  unlink(log);
  rmdir(away);
}

/* Lines that the old file does not take do not keep the new one from them. */
static void a_hangup_leaves_a_full_disk(void **state) {
  struct site *s = *state;
  assert_int_equal(symlink("/dev/full", s->log), 0);
  RUN(s, "--log", s->log);
  int fd = site_connect(s);
  assert_int_equal(unlink(s->log), 0);
  ping(fd, 5);
  kill(s->pid, SIGHUP);
  for (int ms = 0; whole_lines(s->log) == 0 && ms < 20000; ms += 50) {
    ping(fd, 1);
    usleep(50000);
  }
  assert_true(whole_lines(s->log) > 0);
  close(fd);
  assert_int_equal(site_stop(s, SIGTERM), 0);
  assert_null(strstr(site_errors(s), "reopened"));
}

/* ---- the end ---- */

static void a_second_signal_does_not_wait(void **state) {
  struct site *s = *state;
  RUN(s, "--drain-timeout", "1h", "--loops", "2");
  int fd = site_connect(s);
  ping(fd, 1);
  get_stuck(fd);
  get_stuck(fd);
  usleep(200000);
  kill(s->pid, SIGTERM);
  usleep(200000);
  assert_int_equal(site_stop(s, SIGTERM), 0);
  close(fd);
}

/* ---- ten thousand ---- */

static bool may_have_files(rlim_t count) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max < count)
    return false;
  if (limit.rlim_cur < count)
    limit.rlim_cur = count;
  return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

static void ten_thousand_clients_cost_little_and_leave(void **state) {
  struct site *s = *state;
  static int fds[MANY];
  if (!may_have_files(MANY + 256)) {
    print_message("too few descriptors for ten thousand clients: skipped\n");
    skip();
  }
  RUN(s, "--max-clients", "12000", "--log", s->log);
  assert_true(site_serves(s));
  size_t before = site_memory(s);
  for (size_t i = 0; i < MANY; i++) {
    fds[i] = site_connect(s);
    assert_true(fds[i] >= 0);
    ping(fds[i], 1);
  }
  size_t each = (site_memory(s) - before) / MANY;
  print_message("%d clients cost %zu bytes each\n", MANY, each);
  if (MEMORY_COUNTS)
    assert_true(each <= 5 * 2048);
  for (size_t i = 0; i < MANY; i += 2)
    get_stuck(fds[i]);
  double began = seconds();
  assert_int_equal(site_stop(s, SIGTERM), 0);
  print_message("half of them stuck, they were gone after %.2f s\n",
                seconds() - began);
  assert_true(seconds() - began <= 25);
  assert_string_equal(site_errors(s), "");
  assert_true(whole_lines(s->log) > MANY);
  for (size_t i = 0; i < MANY; i++)
    close(fds[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      site_test(a_file_and_the_environment_may_start_it),
      site_test(a_hangup_goes_on_in_a_new_file),
      site_test(a_log_that_cannot_be_reopened_goes_on),
      site_test(a_hangup_leaves_a_full_disk),
      site_test(a_second_signal_does_not_wait),
      site_test(ten_thousand_clients_cost_little_and_leave),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
