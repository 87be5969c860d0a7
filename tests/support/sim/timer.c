/* SPDX-License-Identifier: MIT */
/* Simulated timers. They run by due time, and those of one moment in the order
 * in which they were started, as libuv promises. A ring without order serves:
 * vt has one timer for all its delays, and tests have few of their own. */
#include "support/sim/sim.h"

int uv_timer_init(uv_loop_t *uv, uv_timer_t *timer) {
  vt__sim_handle_init(uv, (uv_handle_t *)timer, UV_TIMER);
  timer->timer_cb = NULL;
  timer->timeout = 0;
  timer->repeat = 0;
  return 0;
}

int uv_timer_start(uv_timer_t *timer, uv_timer_cb cb, uint64_t timeout,
                   uint64_t repeat) {
  uv_loop_t *uv = timer->loop;
  if (!cb || uv_is_closing((uv_handle_t *)timer))
    return UV_EINVAL;
  vt__sim_handle_stop((uv_handle_t *)timer);
  timer->timer_cb = cb;
  timer->timeout =
      timeout < UINT64_MAX - uv->time ? uv->time + timeout : UINT64_MAX;
  timer->repeat = repeat;
  timer->start_id = uv->timer_counter++;
  vt__sim_handle_start((uv_handle_t *)timer, &vt__sim_of(uv)->timers);
  return 0;
}

int uv_timer_stop(uv_timer_t *timer) {
  vt__sim_handle_stop((uv_handle_t *)timer);
  return 0;
}

int uv_timer_again(uv_timer_t *timer) {
  if (!timer->timer_cb)
    return UV_EINVAL;
  if (timer->repeat == 0)
    return 0;
  return uv_timer_start(timer, timer->timer_cb, timer->repeat, timer->repeat);
}

void uv_timer_set_repeat(uv_timer_t *timer, uint64_t repeat) {
  timer->repeat = repeat;
}

uint64_t uv_timer_get_repeat(const uv_timer_t *timer) { return timer->repeat; }

uint64_t uv_timer_get_due_in(const uv_timer_t *timer) {
  uint64_t now = timer->loop->time;
  return timer->timeout > now ? timer->timeout - now : 0;
}

static bool before(const uv_timer_t *a, const uv_timer_t *b) {
  if (a->timeout != b->timeout)
    return a->timeout < b->timeout;
  return a->start_id < b->start_id;
}

/* The first of those started before the given one, or NULL. */
static uv_timer_t *first(const uv_loop_t *uv, uint64_t end) {
  uv_timer_t *best = NULL;
  uv_handle_t *ring = &vt__sim_of(uv)->timers;
  uv_handle_t *at = ring->u.reserved[VT__SIM_STARTED];
  for (; at != ring; at = at->u.reserved[VT__SIM_STARTED]) {
    uv_timer_t *timer = (uv_timer_t *)at;
    if (timer->start_id < end && (!best || before(timer, best)))
      best = timer;
  }
  return best;
}

uint64_t vt__sim_next_timer(const uv_loop_t *uv) {
  const uv_timer_t *timer = first(uv, UINT64_MAX);
  return timer ? timer->timeout : UINT64_MAX;
}

void vt__sim_run_timers(uv_loop_t *uv) {
  uint64_t end = uv->timer_counter;
  uv_timer_t *timer = first(uv, end);
  while (timer && timer->timeout <= uv->time) {
    vt__sim_handle_stop((uv_handle_t *)timer);
    uv_timer_again(timer);
    timer->timer_cb(timer);
    timer = first(uv, end);
  }
}
