/* SPDX-License-Identifier: MIT */
/* vt_sim_run and vt_sim_search.
 *
 * Happy path: the thread's clock and schedule are set from the options, a loop
 * is opened, vt attached, the body's value task awaited, and the loop run until
 * that completes; a virtual second more for what ends by itself; then detach,
 * close, and the count of blocks must be that of before.
 *
 * What can go wrong is noted once, the first that was noticed. A body that
 * cannot be ended is abandoned: its loop stays as it is, reachable from here,
 * for what still points to it. */
#include "support/sim/verdict.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define SETTLE_MS UINT64_C(1000)
#define DAY_MS UINT64_C(86400000)
#define TURNS UINT64_C(10000000)

struct run {
  uv_loop_t uv;
  vt_loop_t *vt;
  bool turning; /* uv_run is on the stack */
  bool done;
  vt_alloc_stats_t before;
  uint64_t tasks_before;
  struct run *next; /* of the abandoned */
  vt_sim_result_t out;
};

static struct run *_Atomic abandoned;

static void abandon(struct run *run) {
  vt__loop_abandon(run->vt);
  run->next = atomic_exchange(&abandoned, run);
}

/* ---- time ---- */

static uint64_t later(uint64_t ms) {
  uint64_t now = uv_hrtime();
  return ms < (UINT64_MAX - now) / VT__SIM_MS ? now + ms * VT__SIM_MS
                                              : UINT64_MAX;
}

/* The thread's own schedule, for vt_sim_run. */
static void begin_world(const vt_sim_options_t *options) {
  vt__sim_world_t world = {.clock = VT__SIM_START, .simulated = true};
  if (options)
    world.options = *options;
  if (world.options.limit_ms == 0)
    world.options.limit_ms = DAY_MS;
  if (world.options.limit_turns == 0)
    world.options.limit_turns = TURNS;
  world.random = world.options.seed;
  vt__sim_world = world;
}

static void end_world(void) {
  vt__sim_world_t world = {.clock = vt__sim_world.clock};
  vt__sim_world = world;
}

/* Runs the loop for at most ms more, until the body's end when it is not over,
 * else until nothing is left. */
static void run_for(struct run *run, uint64_t ms) {
  bool done = run->done;
  vt__sim_world.over = VT__SIM_ON;
  vt__sim_world.until = later(ms);
  vt__sim_world.last_turn =
      vt__sim_world.turns + vt__sim_world.options.limit_turns;
  run->turning = true;
  while (run->done == done && vt__sim_world.over == VT__SIM_ON &&
         uv_run(&run->uv, UV_RUN_DEFAULT) != 0)
    ;
  run->turning = false;
}

/* ---- the body ---- */

static void on_report(void *arg, const vt_report_t *report) {
  vt__sim_note_report(&((struct run *)arg)->out, report);
}

static void on_end(void *arg, vt_result_t result) {
  struct run *run = arg;
  run->done = true;
  run->out.value = result.value;
  if (result.status != 0)
    vt__sim_note(&run->out, result.status,
                 "the body failed: ", vt_strerror(result.status));
  if (run->turning)
    uv_stop(&run->uv);
}

static int open_loop(struct run *run) {
  vt_alloc_stats(&run->before);
  run->tasks_before = vt__tasks_alive();
  int rc = uv_loop_init(&run->uv);
  if (rc != 0)
    return rc;
  rc = vt_loop_attach(&run->uv, &run->vt);
  if (rc != 0) {
    uv_loop_close(&run->uv);
    return rc;
  }
  vt_loop_set_report(run->vt, on_report, run);
  vt_fs_set_hot(run->vt, false); /* files are requests here, and fail as such */
  return 0;
}

static void run_body(struct run *run, vt_sim_body_fn *body, void *arg) {
  uint64_t start = uv_hrtime();
  vt_await(body(arg), on_end, run);
  if (!run->done)
    run_for(run, vt__sim_world.options.limit_ms);
  run->out.passed_ms = (uv_hrtime() - start) / VT__SIM_MS;
  run->out.turns = vt__sim_world.turns;
}

/* ---- its end ---- */

/* Undoes our attach, and what the body has left of its own. */
static bool let_go(struct run *run) {
  int rc = 0;
  while (rc == 0 && vt_loop_current())
    rc = vt_loop_detach(run->vt, NULL);
  return rc == 0;
}

/* Detached: true. What drops a result may begin something (a file is closed),
 * which then gets its time. */
static bool detach(struct run *run) {
  vt_loop_stats_t stats;
  vt_loop_stats(run->vt, &stats);
  if (stats.pending != 0)
    return false;
  if (let_go(run))
    return true;
  run_for(run, SETTLE_MS);
  return let_go(run);
}

static void check_leaks(struct run *run) {
  vt_alloc_stats_t now;
  vt_alloc_stats(&now);
  uint64_t tasks = vt__tasks_alive();
  if (tasks > run->tasks_before)
    vt__sim_note_count(&run->out, VT_SIM_ELEAK, tasks - run->tasks_before,
                       "tasks were never released");
  else if (now.blocks > run->before.blocks)
    vt__sim_note_count(&run->out, VT_SIM_ELEAK, now.blocks - run->before.blocks,
                       "blocks of memory are left");
}

/* Closes the detached loop; what is open on it is named. Closed: true. */
static bool close_loop(struct run *run) {
  run_for(run, SETTLE_MS);
  if (uv_loop_close(&run->uv) == 0)
    return true;
  vt__sim_note_handles(&run->out, &run->uv);
  return false;
}

/* What is left gets the time that the limit allows, so that little stays
 * behind. */
static bool detach_late(struct run *run) {
  vt__sim_note_left(&run->out, VT_SIM_EUNFINISHED,
                    "unfinished when the body was: ", run->vt);
  run_for(run, vt__sim_world.options.limit_ms);
  return detach(run);
}

/* True: nothing of the run is left, and it can be freed. */
static bool finish(struct run *run) {
  if (!run->done) {
    bool stuck = vt__sim_world.over != VT__SIM_LIMIT;
    vt__sim_note_left(&run->out, stuck ? VT_SIM_EDEADLOCK : VT_SIM_ELIMIT,
                      stuck ? "nothing will ever happen; waiting: "
                            : "a limit has passed; waiting: ",
                      run->vt);
    abandon(run);
    return false;
  }
  run_for(run, SETTLE_MS);
  if (!detach(run) && !detach_late(run)) {
    abandon(run);
    return false;
  }
  if (!close_loop(run)) {
    run->next = atomic_exchange(&abandoned, run);
    return false;
  }
  check_leaks(run);
  return true;
}

static int refuse(int rc, vt_sim_result_t *out) {
  vt_sim_result_t none = {.status = rc};
  if (out)
    *out = none;
  return rc;
}

int vt_sim_run(const vt_sim_options_t *options, vt_sim_body_fn *body, void *arg,
               vt_sim_result_t *out) {
  if (!body)
    return refuse(UV_EINVAL, out);
  if (vt_loop_current())
    return refuse(UV_EBUSY, out);
  struct run *run = calloc(1, sizeof *run);
  if (!run)
    return refuse(UV_ENOMEM, out);
  begin_world(options);
  run->out.seed = vt__sim_world.options.seed;
  int rc = open_loop(run);
  bool ended = true;
  if (rc == 0) {
    run_body(run, body, arg);
    ended = finish(run);
    rc = (int)run->out.status;
  }
  run->out.status = rc;
  if (out)
    *out = run->out;
  if (ended)
    free(run);
  end_world();
  return rc;
}

int vt_sim_search(const vt_sim_options_t *options, uint64_t count,
                  vt_sim_body_fn *body, void *arg, vt_sim_result_t *out) {
  vt_sim_options_t each = {0};
  int rc = count == 0 ? refuse(UV_EINVAL, out) : 0;
  if (options)
    each = *options;
  for (; rc == 0 && count != 0; count--) {
    rc = vt_sim_run(&each, body, arg, out);
    each.seed++;
  }
  return rc;
}
