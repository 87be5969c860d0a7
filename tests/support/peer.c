/* SPDX-License-Identifier: MIT */
#include "support/peer.h"

#include <string.h>

static void turn(void *arg) {
  struct peer *p = arg;
  p->problem = fixture_open_beside(&p->f);
  if (!p->problem) {
    p->loop = p->f.vt;
    vt_await(vt_from_task(vt_promise_task(p->end)), seen_k, &p->ended);
  }
  uv_sem_post(&p->started);
  if (p->problem)
    return;
  if (!fixture_run(&p->f))
    p->problem = "the peer's loop did not end";
  const char *problem = fixture_close(&p->f);
  if (!p->problem)
    p->problem = problem;
}

const char *peer_start(struct peer *p) {
  memset(p, 0, sizeof *p);
  if (vt_promise_new(0, &p->end) != 0)
    return "no promise for the peer";
  uv_sem_init(&p->started, 0);
  uv_thread_create(&p->thread, turn, p);
  uv_sem_wait(&p->started);
  return p->problem;
}

const char *peer_stop(struct peer *p) {
  vt_promise_set(p->end, (vt_value_t){0});
  uv_thread_join(&p->thread);
  vt_promise_free(p->end);
  uv_sem_destroy(&p->started);
  return p->problem;
}

int two_loops_setup(void **state) {
  static struct two_loops loops;
  const char *problem = fixture_open(&loops.f);
  *state = &loops;
  return problem || peer_start(&loops.peer) ? -1 : 0;
}

int two_loops_teardown(void **state) {
  struct two_loops *p = *state;
  const char *problem = peer_stop(&p->peer);
  const char *own = fixture_close(&p->f);
  if (problem || own)
    print_error("%s\n", problem ? problem : own);
  return problem || own ? -1 : 0;
}
