/* SPDX-License-Identifier: MIT */
/* A second loop, on a thread of its own, that turns until it is told to end. */
#ifndef VT_TEST_PEER_H
#define VT_TEST_PEER_H

#include "support/fixture.h"

struct peer {
  vt_loop_t *loop;  /* valid from peer_start to peer_stop */
  struct fixture f; /* the peer's own thread only */
  uv_thread_t thread;
  uv_sem_t started;
  vt_promise_t *end;
  struct seen ended;
  const char *problem;
};

/* Starts the thread and waits for its loop. NULL, or what went wrong. */
const char *peer_start(struct peer *p);

/* Ends the loop and joins the thread; what fixture_close said of it. */
const char *peer_stop(struct peer *p);

/* This thread's loop and a peer, as a fixture of cmocka: *state is both. */
struct two_loops {
  struct fixture f;
  struct peer peer;
};

int two_loops_setup(void **state);
int two_loops_teardown(void **state);

#define two_loops_test(name)                                                   \
  cmocka_unit_test_setup_teardown(name, two_loops_setup, two_loops_teardown)

#endif
