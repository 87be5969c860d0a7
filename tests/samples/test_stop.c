/* SPDX-License-Identifier: MIT */
/* How the cache server ends: asked by signals and by clients, once and several
 * times, with replies on their way that are read or not. */
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
#include <unistd.h>

#include "samples/site.h"
#include "support/net.h"

/* More replies than the system takes for a client that does not read. */
enum { LOADS = 1500, CLIENTS = 4 };

static const char *const loops[] = {"1", "3"};

/* ---- helpers ---- */

static void run(struct site *s, const char *count, const char *drain) {
  const char *arguments[] = {"--port",
                             "0",
                             "--db",
                             s->db,
                             "--loops",
                             count,
                             "--log",
                             s->log,
                             "--drain-timeout",
                             drain,
                             "--request-timeout",
                             "1h",
                             "--min-progress",
                             "0",
                             NULL};
  assert_true(site_run(s, arguments));
}

/* A client that has replies on their way, of which it has read a byte. */
static int begin_reply(const struct site *s) {
  static const char request[] = "GET countries\r\n";
  char byte;
  int fd = site_connect(s);
  assert_true(fd >= 0);
  for (size_t i = 0; i < LOADS; i++)
    assert_true(net_send(fd, request, sizeof request - 1));
  assert_int_equal(net_recv(fd, &byte, 1), 1);
  assert_int_equal(byte, '$');
  return fd;
}

/* The rest of what was on its way ends with the end of a country. */
static void end_reply(int fd) {
  char piece[4096], end[4] = "";
  long n;
  while ((n = recv(fd, piece, sizeof piece, 0)) > 0) {
    size_t size = (size_t)n < 4 ? (size_t)n : 4;
    memmove(end, end + size, 4 - size);
    memcpy(end + 4 - size, piece + n - size, size);
  }
  assert_int_equal(n, 0);
  assert_memory_equal(end, "\"}\r\n", 4);
  close(fd);
}

/* Asks, and does not mind who was faster. */
static int shut_down(const struct site *s, const char *words) {
  char text[64];
  int fd = site_connect(s);
  assert_true(fd >= 0);
  assert_true(site_says(fd, "PING\r\n", "+PONG\r\n"));
  int n = snprintf(text, sizeof text, "SHUTDOWN%s\r\n", words);
  net_send(fd, text, (size_t)n);
  return fd;
}

/* It has begun to end when nobody can connect. */
static void wait_for_closed_port(const struct site *s) {
  int fd = 0;
  for (int ms = 0; fd >= 0 && ms < 10000; ms += 5) {
    fd = site_connect(s);
    if (fd >= 0)
      close(fd);
    usleep(5000);
  }
  assert_true(fd < 0);
}

static void ends_well(struct site *s) {
  assert_int_equal(site_wait(s), 0);
  assert_string_equal(site_errors(s), "");
}

/* ---- asked more than once ---- */

static void two_shutdowns_cut_no_reply(void **state) {
  struct site *s = *state;
  for (size_t way = 0; way < 2; way++) {
    int fds[CLIENTS], asking[2];
    run(s, loops[way], "60s");
    for (size_t i = 0; i < CLIENTS; i++)
      fds[i] = begin_reply(s);
    char byte;
    asking[0] = site_connect(s);
    asking[1] = site_connect(s);
    for (size_t i = 0; i < 2; i++)
      assert_true(site_says(asking[i], "PING\r\n", "+PONG\r\n"));
    for (size_t i = 0; i < 2; i++)
      net_send(asking[i], "SHUTDOWN\r\n", 10);
    for (size_t i = 0; i < 2; i++)
      assert_true(recv(asking[i], &byte, 1, 0) <= 0);
    for (size_t i = 0; i < CLIENTS; i++)
      end_reply(fds[i]);
    close(asking[0]);
    close(asking[1]);
    ends_well(s);
  }
}

static void a_signal_after_a_shutdown_cuts_no_reply(void **state) {
  struct site *s = *state;
  for (size_t way = 0; way < 2; way++) {
    int fds[CLIENTS];
    run(s, loops[way], "60s");
    for (size_t i = 0; i < CLIENTS; i++)
      fds[i] = begin_reply(s);
    int asking = shut_down(s, " SAVE");
    kill(s->pid, SIGTERM);
    wait_for_closed_port(s);
    for (size_t i = 0; i < CLIENTS; i++)
      end_reply(fds[i]);
    close(asking);
    ends_well(s);
  }
}

static void a_second_signal_ends_a_shutdown(void **state) {
  struct site *s = *state;
  for (size_t way = 0; way < 2; way++) {
    run(s, loops[way], "1h");
    int stuck = begin_reply(s), asking = shut_down(s, "");
    wait_for_closed_port(s);
    kill(s->pid, SIGTERM);
    usleep(10000);
    kill(s->pid, SIGINT);
    ends_well(s);
    close(stuck);
    close(asking);
  }
}

static void now_waits_for_nobody(void **state) {
  struct site *s = *state;
  static const char *const words[] = {" NOW", " nosave now force"};
  for (size_t way = 0; way < 2; way++) {
    run(s, loops[way], "1h");
    int stuck = begin_reply(s), asking = shut_down(s, words[way]);
    ends_well(s);
    close(stuck);
    close(asking);
  }
}

static void many_signals_are_two(void **state) {
  struct site *s = *state;
  for (size_t way = 0; way < 2; way++) {
    run(s, loops[way], "1h");
    int stuck = begin_reply(s);
    for (int i = 0; i < 200; i++) {
      kill(s->pid, SIGTERM);
      kill(s->pid, SIGHUP);
      usleep(100);
    }
    ends_well(s);
    close(stuck);
  }
}

/* As long as there is a process: also while its threads end. */
static void signals_at_the_very_end_do_no_harm(void **state) {
  struct site *s = *state;
  for (int round = 0; round < 20; round++) {
    run(s, "3", "1h");
    for (int i = 0; i < 100; i++) {
      kill(s->pid, SIGTERM);
      kill(s->pid, SIGHUP);
      usleep(100);
    }
    ends_well(s);
  }
}

/* ---- within the time ---- */

static void the_limit_holds_for_a_shutdown(void **state) {
  struct site *s = *state;
  for (size_t way = 0; way < 2; way++) {
    run(s, loops[way], "300ms");
    int stuck = begin_reply(s), asking = shut_down(s, " FORCE");
    ends_well(s);
    close(stuck);
    close(asking);
  }
}

/* ---- the log ---- */

static size_t lines_of(const char *path, const char *word) {
  char line[4096];
  size_t count = 0;
  FILE *file = fopen(path, "r");
  if (!file)
    return 0;
  while (fgets(line, sizeof line, file)) {
    assert_int_equal(line[strlen(line) - 1], '\n');
    count += strstr(line, word) != NULL;
  }
  fclose(file);
  return count;
}

static void a_hangup_during_the_end_loses_no_line(void **state) {
  struct site *s = *state;
  char old[112];
  snprintf(old, sizeof old, "%s.1", s->log);
  for (size_t way = 0; way < 2; way++) {
    run(s, loops[way], "200ms");
    int stuck = begin_reply(s), asking = shut_down(s, "");
    wait_for_closed_port(s);
    assert_int_equal(rename(s->log, old), 0);
    for (int i = 0; i < 100; i++) {
      kill(s->pid, SIGHUP);
      usleep(5000); /* from before its time is over to after that */
    }
    ends_well(s);
    assert_int_equal(lines_of(old, " command=SHUTDOWN") +
                         lines_of(s->log, " command=SHUTDOWN"),
                     1);
    unlink(old);
    unlink(s->log);
    close(stuck);
    close(asking);
  }
}

/* ---- words ---- */

static void words_are_read_as_redis_does(void **state) {
  struct site *s = *state;
#define SYNTAX "-ERR syntax error\r\n"
#define NONE "-ERR No shutdown in progress.\r\n"
  static const struct site_exchange session[] = {
      {"SHUTDOWN SAVE NOSAVE\r\n", SYNTAX},
      {"SHUTDOWN save x\r\n", SYNTAX},
      {"SHUTDOWN ABORT NOW\r\n", SYNTAX},
      {"SHUTDOWN FORCE ABORT\r\n", SYNTAX},
      {"SHUTDOWN ABORT\r\n", NONE},
      {"SHUTDOWN abort Abort\r\n", NONE},
      {"SHUTDOWN now now now now now now now now now now x\r\n", SYNTAX},
  };
  SITE_PLAYS(s, session);
  assert_true(site_start(s, NULL, NULL));
  int fd = shut_down(s, " now now now now now now now now now now");
  ends_well(s);
  close(fd);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      site_test(two_shutdowns_cut_no_reply),
      site_test(a_signal_after_a_shutdown_cuts_no_reply),
      site_test(a_second_signal_ends_a_shutdown),
      site_test(now_waits_for_nobody),
      site_test(many_signals_are_two),
      site_test(signals_at_the_very_end_do_no_harm),
      site_test(the_limit_holds_for_a_shutdown),
      site_test(a_hangup_during_the_end_loses_no_line),
      site_test(words_are_read_as_redis_does),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
