/* SPDX-License-Identifier: MIT */
/* A cache server inside the test, on a thread of its own, so that its limits
 * and its memory can be chosen. */
#ifndef VT_TEST_INSIDE_H
#define VT_TEST_INSIDE_H

#include "cache_server/server.h"
#include "support/fixture.h"

struct inside {
  char dir[64], db[96];
  struct server_options options; /* set before the start */
  bool http;                     /* serve HTTP too; set before */
  void (*on_thread)(void);       /* runs first on the thread; may be NULL */
  struct fixture loop;
  struct server server;
  uv_thread_t thread;
  uv_sem_t ready;
  uv_async_t stop;
  bool runs;
  const char *problem; /* of the thread */
};

/* For cmocka: a folder with a database of the real countries. */
int inside_setup(void **state);

/* Stops the server, and proves that nothing of it is left. */
int inside_teardown(void **state);

#define inside_test(name)                                                      \
  cmocka_unit_test_setup_teardown(name, inside_setup, inside_teardown)

/* Starts the thread, and asserts that the server listens. */
void inside_start(struct inside *in);

/* A connection whose calls give up after ten seconds. */
int inside_connect(const struct inside *in);

/* The same to its HTTP port. */
int inside_connect_http(const struct inside *in);

/* Sends, and asserts what comes back. */
void inside_says(int fd, const char *request, const char *wanted);

#endif
