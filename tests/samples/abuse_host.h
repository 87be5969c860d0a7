/* SPDX-License-Identifier: MIT */
/* A cache server on the loop of the test's own thread, which turns when the
 * test says so: what is sent in two pieces is read in two. */
#ifndef VT_TEST_ABUSE_HOST_H
#define VT_TEST_ABUSE_HOST_H

#include "samples/abuse.h"
#include "samples/inside.h"

struct host {
  struct inside *in; /* its folder, options, loop and server; no thread */
  struct abuse_target target;
  countries_t *countries;
  bool over;
  vt_result_t result; /* of the run */
};

/* Starts a server with in->options. NULL, or what went wrong. */
const char *host_open(struct host *h, struct inside *in);

/* Stops it. NULL, or what of it is left. */
const char *host_close(struct host *h);

/* Lets the loop turn once. */
void host_turn(struct host *h);

/* The same until no client is left, for some seconds at most. */
void host_rest(struct host *h);

/* Bytes that are allocated in this process; 0 where nobody knows. */
size_t host_memory(void);

/* Descriptors that this process has. */
int host_files(void);

/* For cmocka: inside_setup, and an end without a thread. */
int host_teardown(void **state);

#define host_test(name)                                                        \
  cmocka_unit_test_setup_teardown(name, inside_setup, host_teardown)

#endif
