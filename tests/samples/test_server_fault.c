/* SPDX-License-Identifier: MIT */
/* The cache server out of memory: each allocation on its thread fails once, and
 * from there on. The client gets what it asked, an error or the end, never
 * silence; the next one is served. */
#include "samples/inside.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/net.h"

/* ---- the allocators ---- */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);

/* The linker takes plain functions, so this must be static. */
static _Thread_local bool watched;
static atomic_int left = -1; /* calls until the first failure; -1: none fails */
static atomic_bool forever;  /* and all after it */
static atomic_int failures;

static void watch_this_thread(void) { watched = true; }

static bool refuse(void) {
  if (!watched || atomic_load(&left) < 0)
    return false;
  if (atomic_load(&left) > 0) {
    atomic_fetch_sub(&left, 1);
    return false;
  }
  if (!atomic_load(&forever))
    atomic_store(&left, -1);
  atomic_fetch_add(&failures, 1);
  return true;
}

void *__wrap_malloc(size_t size) {
  return refuse() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size) {
  return refuse() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *block, size_t size) {
  return refuse() ? NULL : __real_realloc(block, size);
}

/* ---- a session that uses everything, and ends by an error ---- */

static char *make_session(size_t *out_size) {
  enum { LONG = 40000 };
  char *text = __real_malloc(LONG + 1024);
  assert_non_null(text);
  int n = sprintf(text,
                  "PING\r\nFLUSHALL\r\nGET country:DE\r\nGET countries"
                  "\r\nINFO\r\n*2\r\n$4\r\nECHO\r\n$%d\r\n",
                  LONG);
  memset(text + n, 'x', LONG);
  n += LONG;
  n +=
      sprintf(text + n, "\r\nMGET country:DE nothing countries\r\n"
                        "EXISTS a b c\r\nKEYS *\r\nHGETALL country:4\r\n"
                        "HELLO 3\r\nSCAN 0\r\nHMGET country:4 name flag\r\n"
                        "SET country:999 x GET\r\nHSET country:999 flag y\r\n"
                        "DEL country:999\r\nCLIENT LIST\r\nCLIENT KILL ID 9\r\n"
                        "COMMAND DOCS\r\nAUTH bob x\r\nAUTH default x\r\n"
                        "FLY away\r\na b c d e f g h i j k\r\n*x\r\n");
  *out_size = (size_t)n;
  return text;
}

/* The same over HTTP. */
static char *make_http_session(size_t *out_size) {
#define ASK(target) "GET " target " HTTP/1.1\r\nHost: x\r\n\r\n"
  static const char text[] = ASK("/countries/276") ASK("/countries") ASK(
      "/countries?q=an&fields=name") ASK("/metrics") ASK("/") ASK("/healthz")
      ASK("/none") "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
                   "GET /.. HTTP/1.1\r\n\r\n";
  char *copy = __real_malloc(sizeof text);
  assert_non_null(copy);
  memcpy(copy, text, sizeof text);
  *out_size = sizeof text - 1;
  return copy;
}

static int connect_to(const struct inside *in) {
  return in->http ? inside_connect_http(in) : inside_connect(in);
}

static void expect_germany(const struct inside *in) {
  int fd = connect_to(in);
  if (in->http)
    inside_says(fd, ASK("/countries/DE"), "HTTP/1.1 200 OK\r\n");
  else
    inside_says(fd, "GET country:DE\r\n", "$7\r\nGermany\r\n");
  close(fd);
}

/* Reads until the end, which must come. While memory fails it may wait. */
static void expect_end(int fd, bool memory_fails) {
  char piece[4096];
  struct pollfd ready = {.fd = fd, .events = POLLIN};
  long n = 1;
  while (n > 0) {
    if (memory_fails && poll(&ready, 1, 50) == 0) {
      atomic_store(&left, -1);
      memory_fails = false;
    }
    n = read(fd, piece, sizeof piece);
    assert_false(n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK));
  }
  atomic_store(&left, -1);
}

/* True when nothing failed, which ends a walk. */
static bool play(struct inside *in, int n, bool from_there) {
  size_t size;
  char *session = in->http ? make_http_session(&size) : make_session(&size);
  atomic_store(&failures, 0);
  atomic_store(&forever, from_there);
  atomic_store(&left, n);
  int fd = connect_to(in);
  net_send(fd, session, size); /* fails when the server has closed */
  expect_end(fd, from_there);
  close(fd);
  free(session);
  expect_germany(in);
  return atomic_load(&failures) == 0;
}

static void walk(struct inside *in, bool from_there) {
  int n = 0;
  in->on_thread = watch_this_thread;
  inside_start(in);
  expect_germany(in); /* what is allocated once, is */
  while (!play(in, n, from_there))
    assert_true(n++ < 1000);
  assert_true(n > 5);
  in->loop.report_count = 0; /* without memory a failure may be nobody's */
}

static void each_allocation_may_fail(void **state) { walk(*state, false); }

static void all_allocations_may_fail(void **state) { walk(*state, true); }

#ifdef WITH_HTTP
static void each_allocation_of_http_may_fail(void **state) {
  struct inside *in = *state;
  in->http = true;
  walk(in, false);
}

static void all_allocations_of_http_may_fail(void **state) {
  struct inside *in = *state;
  in->http = true;
  walk(in, true);
}
#endif

int main(void) {
  const struct CMUnitTest tests[] = {
      inside_test(each_allocation_may_fail),
      inside_test(all_allocations_may_fail),
#ifdef WITH_HTTP
      inside_test(each_allocation_of_http_may_fail),
      inside_test(all_allocations_of_http_may_fail),
#endif
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
