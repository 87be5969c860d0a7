/* SPDX-License-Identifier: MIT */
/* The simulated loop: clock, random numbers, and uv_run's phases in libuv's
 * order. Where libuv would sleep, the clock jumps. */
#include "support/sim/sim.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

/* Readings of a clock that stands before it moves by itself. */
#define READS 100000

_Thread_local vt__sim_world_t vt__sim_world;

vt__sim_loop_t *vt__sim_of(const uv_loop_t *uv) {
  return (vt__sim_loop_t *)uv->internal_fields;
}

int vt__sim_refuse(void) { return UV_ENOSYS; }

/* ---- random numbers and time ---- */

/* splitmix64: any seed will do, also neighbours. */
uint64_t vt__sim_random(uint64_t n) {
  uint64_t z = vt__sim_world.random += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return (z ^ (z >> 31)) % n;
}

bool vt__sim_percent(unsigned percent) {
  return percent != 0 && vt__sim_random(100) < percent;
}

/* At once only, and of the schedule, so that a run repeats. */
int uv_random(uv_loop_t *uv, uv_random_t *req, void *buf, size_t buflen,
              unsigned flags, uv_random_cb cb) {
  unsigned char *bytes = buf;
  (void)uv;
  (void)req;
  (void)flags;
  if (cb)
    return vt__sim_refuse();
  for (size_t i = 0; i < buflen; i++)
    bytes[i] = (unsigned char)vt__sim_random(256);
  return 0;
}

static uint64_t now_ns(void) {
  if (vt__sim_world.clock == 0)
    vt__sim_world.clock = VT__SIM_START;
  return vt__sim_world.clock;
}

static void move_to(uint64_t ns) {
  vt__sim_world.clock = ns;
  vt__sim_world.reads = 0;
}

/* Who reads it that often waits for it to pass. */
uint64_t uv_hrtime(void) {
  if (++vt__sim_world.reads > READS)
    vt__sim_world.clock = now_ns() + 1000;
  return now_ns();
}

uint64_t uv_now(const uv_loop_t *uv) { return uv->time; }

/* A loop's time never goes back, whatever thread's clock it is run by. */
void uv_update_time(uv_loop_t *uv) {
  uint64_t now = now_ns() / VT__SIM_MS;
  if (now < uv->time)
    move_to(uv->time * VT__SIM_MS);
  else
    uv->time = now;
}

void uv_sleep(unsigned int ms) {
  move_to(now_ns() + ms * VT__SIM_MS);
  if (ms == 0)
    sched_yield();
}

/* ---- a loop's life ---- */

static int sim_init(vt__sim_loop_t *sim) {
  int rc = uv_mutex_init(&sim->mutex);
  if (rc != 0)
    return rc;
  rc = uv_cond_init(&sim->cond);
  if (rc != 0) {
    uv_mutex_destroy(&sim->mutex);
    return rc;
  }
  vt__sim_ring_init(&sim->all, VT__SIM_ALL);
  vt__sim_ring_init(&sim->timers, VT__SIM_STARTED);
  vt__sim_ring_init(&sim->idles, VT__SIM_STARTED);
  vt__sim_ring_init(&sim->prepares, VT__SIM_STARTED);
  vt__sim_ring_init(&sim->checks, VT__SIM_STARTED);
  vt__sim_ring_init(&sim->asyncs, VT__SIM_STARTED);
  return 0;
}

int uv_loop_init(uv_loop_t *uv) {
  void *data = uv->data;
  vt__sim_loop_t *sim = calloc(1, sizeof *sim);
  if (!sim)
    return UV_ENOMEM;
  int rc = sim_init(sim);
  if (rc != 0) {
    free(sim);
    return rc;
  }
  memset(uv, 0, sizeof *uv);
  uv->data = data;
  uv->internal_fields = sim;
  uv->backend_fd = uv_backend_fd(uv);
  uv_update_time(uv);
  return 0;
}

static struct {
  uv_loop_t uv;
  bool open;
} usual;

uv_loop_t *uv_default_loop(void) {
  if (!usual.open)
    usual.open = uv_loop_init(&usual.uv) == 0;
  return usual.open ? &usual.uv : NULL;
}

int uv_loop_close(uv_loop_t *uv) {
  vt__sim_loop_t *sim = vt__sim_of(uv);
  if (uv->active_reqs.count != 0 || uv->closing_handles ||
      !vt__sim_ring_empty(&sim->all, VT__SIM_ALL))
    return UV_EBUSY;
  uv_cond_destroy(&sim->cond);
  uv_mutex_destroy(&sim->mutex);
  free(sim->events);
  free(sim);
  uv->internal_fields = NULL;
  if (uv == &usual.uv)
    usual.open = false;
  return 0;
}

int uv_loop_alive(const uv_loop_t *uv) {
  return uv->active_handles != 0 || uv->active_reqs.count != 0 ||
         uv->closing_handles != NULL;
}

void uv_stop(uv_loop_t *uv) { uv->stop_flag = 1; }

/* ---- the phases ---- */

/* The moment of the next timer or event in nanoseconds. */
static uint64_t next_moment(const uv_loop_t *uv) {
  uint64_t timer = vt__sim_next_timer(uv);
  uint64_t event = vt__sim_next_event(uv);
  if (timer <= UINT64_MAX / VT__SIM_MS && timer * VT__SIM_MS < event)
    return timer * VT__SIM_MS;
  return event;
}

/* libuv would poll without sleeping. */
static bool is_busy(const uv_loop_t *uv) {
  return uv->stop_flag || uv->closing_handles || !uv_loop_alive(uv) ||
         !vt__sim_ring_empty(&vt__sim_of(uv)->idles, VT__SIM_STARTED) ||
         vt__sim_async_wait((uv_loop_t *)(uintptr_t)uv, 0);
}

int uv_backend_timeout(const uv_loop_t *uv) {
  if (is_busy(uv))
    return 0;
  uint64_t at = next_moment(uv), now = uv->time * VT__SIM_MS;
  if (at == UINT64_MAX)
    return -1;
  uint64_t ms = at > now ? (at - now + VT__SIM_MS - 1) / VT__SIM_MS : 0;
  return ms < INT32_MAX ? (int)ms : INT32_MAX;
}

static bool end(vt__sim_over_t how) {
  vt__sim_world.over = how;
  return false;
}

/* Nothing is due and no timer runs: only a real thread can help. */
static bool wait_for_threads(uv_loop_t *uv) {
  vt__sim_world_t *world = &vt__sim_world;
  uint64_t ms = world->simulated ? world->options.threads_ms : UINT64_MAX;
  return vt__sim_async_wait(uv, ms) || end(VT__SIM_STUCK);
}

/* Lets time pass as a poll would. False when the run is over. */
static bool pass_time(uv_loop_t *uv, bool may_sleep) {
  vt__sim_world_t *world = &vt__sim_world;
  uint64_t at = next_moment(uv);
  if (!may_sleep || is_busy(uv) || at <= now_ns()) {
    move_to(now_ns() + 1000 + vt__sim_random(16000));
  } else if (at == UINT64_MAX) {
    return wait_for_threads(uv);
  } else if (world->simulated && at > world->until) {
    return end(VT__SIM_LIMIT);
  } else {
    move_to(at);
  }
  return true;
}

/* What has come: the sends of other threads and the requests, in one order or
 * the other; the requests at times only after the timers of this moment. */
static void run_completions(uv_loop_t *uv) {
  bool timers_first =
      vt__sim_next_timer(uv) <= uv->time && vt__sim_random(2) == 0;
  bool asyncs_first = vt__sim_random(2) == 0;
  if (asyncs_first)
    vt__sim_run_asyncs(uv);
  if (!timers_first)
    vt__sim_run_events(uv);
  if (!asyncs_first)
    vt__sim_run_asyncs(uv);
}

static bool is_past_limit(void) {
  vt__sim_world_t *world = &vt__sim_world;
  world->turns++;
  if (!world->simulated)
    return false;
  return now_ns() > world->until || world->turns > world->last_turn;
}

/* One turn. False when the run is over. */
static bool turn(uv_loop_t *uv, uv_run_mode mode) {
  if (is_past_limit())
    return end(VT__SIM_LIMIT);
  uv_update_time(uv);
  vt__sim_run_timers(uv);
  vt__sim_run_idles(uv);
  vt__sim_run_prepares(uv);
  if (!pass_time(uv, mode != UV_RUN_NOWAIT))
    return false;
  uv_update_time(uv);
  run_completions(uv);
  vt__sim_run_checks(uv);
  vt__sim_run_closing(uv);
  if (mode == UV_RUN_ONCE) {
    uv_update_time(uv);
    vt__sim_run_timers(uv);
  }
  return true;
}

/* 0 also when the run is over and vt_sim_run has to be told so. */
int uv_run(uv_loop_t *uv, uv_run_mode mode) {
  int more = uv_loop_alive(uv);
  if (!more)
    uv_update_time(uv);
  while (more && uv->stop_flag == 0) {
    more = turn(uv, mode) && uv_loop_alive(uv);
    if (mode != UV_RUN_DEFAULT)
      break;
  }
  uv->stop_flag = 0;
  return more;
}
