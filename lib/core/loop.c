/* SPDX-License-Identifier: MIT */
/* The vt loop as a guest of a uv loop: attach, detach, and all calls of libuv
 * that the core makes.
 *
 * Three handles, none of which keeps an idle uv loop alive: an async (always
 * active, unreferenced but while an await waits for another thread or a user's
 * source), an idle (active while the ready queue has work, so that libuv polls
 * without sleeping) and a timer (active while a delay is pending, for the
 * earliest one). The queue is never driven by zero timers: one that is re-armed
 * in its own callback starves I/O on libuv before 1.48.
 *
 * What can go wrong: no memory or descriptors at attach (libuv's code, nothing
 * kept); work left at detach (UV_EBUSY, and a report for each). */
#include "core/loop.h"

#include <signal.h>
#include <stdatomic.h>

#include "base/alloc.h"
#include "core/report.h"
#include "core/retire.h"
#include "core/task.h"
#include "core/walk.h"
#include "vt/site.h"

VT_TLS _Thread_local vt_loop_t *vt__current;

static vt_loop_t *loop_of(const void *handle, size_t offset) {
  return (vt_loop_t *)(void *)((char *)(uintptr_t)handle - offset);
}

/* After a turn: goes on soon, or sleeps until the earliest delay. */
static void settle(vt_loop_t *loop) {
  if (loop->closing)
    return;
  if (loop->holds == 0 && loop->held)
    vt__loop_ref(loop, false);
  if ((loop->retired.young || loop->retired.old) && !loop->told)
    vt__retire_turn(loop);
  if (vt__loop_is_ready(loop) || loop->retired.young)
    vt__loop_wake(loop);
  else
    uv_idle_stop(&loop->idle);
  vt__loop_arm(loop);
}

static void on_idle(uv_idle_t *idle) {
  vt_loop_t *loop = loop_of(idle, offsetof(vt_loop_t, idle));
  vt__loop_turn(loop, true);
  settle(loop);
}

static void on_timer(uv_timer_t *timer) {
  vt_loop_t *loop = loop_of(timer, offsetof(vt_loop_t, timer));
  loop->timer_due = 0;
  vt__loop_turn(loop, false);
  settle(loop);
}

static void on_async(uv_async_t *async) {
  vt_loop_t *loop = loop_of(async, offsetof(vt_loop_t, async));
  vt__loop_turn(loop, false);
  settle(loop);
}

void vt__loop_wake(vt_loop_t *loop) {
  if (!uv_is_closing((uv_handle_t *)&loop->idle))
    uv_idle_start(&loop->idle, on_idle);
}

void vt__loop_send(vt_loop_t *loop) { uv_async_send(&loop->async); }

void vt__loop_arm(vt_loop_t *loop) {
  if (loop->heap.count == 0) {
    uv_timer_stop(&loop->timer);
    loop->timer_due = 0;
    return;
  }
  uint64_t due = vt__heap_first(&loop->heap);
  uint64_t now = uv_now(loop->uv);
  if (due <= now) {
    vt__loop_wake(loop);
  } else if (due != loop->timer_due) {
    uv_timer_start(&loop->timer, on_timer, due - now, 0);
    loop->timer_due = due;
  }
}

uint64_t vt__loop_fresh_ns(void) { return uv_hrtime(); }

uint64_t vt__loop_fresh_now(void) { return (uv_hrtime() + 999999) / 1000000; }

void vt__loop_ref(vt_loop_t *loop, bool ref) {
  loop->held = ref;
  if (ref)
    uv_ref((uv_handle_t *)&loop->async);
  else
    uv_unref((uv_handle_t *)&loop->async);
}

void vt__thread_yield(void) { uv_sleep(0); }

/* libuv writes to sockets whose peer may be gone. */
static void ignore_sigpipe(void) {
#ifdef SIGPIPE
  struct sigaction action;
  if (sigaction(SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_DFL)
    signal(SIGPIPE, SIG_IGN);
#endif
}

static int handles_init(vt_loop_t *loop) {
  int rc = uv_async_init(loop->uv, &loop->async, on_async);
  if (rc != 0)
    return rc;
  uv_unref((uv_handle_t *)&loop->async);
  uv_idle_init(loop->uv, &loop->idle);
  uv_timer_init(loop->uv, &loop->timer);
  return 0;
}

int vt_loop_attach(uv_loop_t *uv, vt_loop_t **out) {
  if (!uv || !out)
    return UV_EINVAL;
  vt_loop_t *loop = vt__current;
  if (loop && loop->uv != uv)
    return UV_EBUSY;
  if (!loop) {
    loop = vt__calloc(1, sizeof *loop);
    if (!loop)
      return UV_ENOMEM;
    loop->uv = uv;
    loop->clock = &uv->time;
    vt__pool_init(&loop->pool, loop);
    loop->pool.classes[VT__CLASS_WAITER].stride = sizeof(vt__waiter_t);
    loop->pool.classes[VT__CLASS_WAITER].bare = sizeof(vt__waiter_t);
    int rc = handles_init(loop);
    if (rc != 0) {
      vt__free(loop);
      return rc;
    }
    ignore_sigpipe();
    vt__tasks_enter();
    vt__current = loop;
  }
  loop->attached++;
  *out = loop;
  return 0;
}

static void finish_close(vt_loop_t *loop) {
  if (--loop->closing != 0)
    return;
  uv_loop_t *uv = loop->uv;
  vt_detach_fn *cb = loop->detached;
  vt__retire_close(loop);
  vt__heap_close(&loop->heap);
  vt__waiters_close(&loop->waiters);
  vt__sites_close(&loop->sites);
  vt__table_close(&loop->handles);
  vt__pool_close(&loop->pool);
  vt__free(loop);
  if (cb)
    cb(uv);
}

static void on_async_closed(uv_handle_t *handle) {
  finish_close(loop_of(handle, offsetof(vt_loop_t, async)));
}

static void on_idle_closed(uv_handle_t *handle) {
  finish_close(loop_of(handle, offsetof(vt_loop_t, idle)));
}

static void on_timer_closed(uv_handle_t *handle) {
  finish_close(loop_of(handle, offsetof(vt_loop_t, timer)));
}

static void on_hop(uv_handle_t *handle) {
  finish_close(loop_of(handle, offsetof(vt_loop_t, hop)));
}

static void on_first_hop(uv_handle_t *handle) {
  vt_loop_t *loop = loop_of(handle, offsetof(vt_loop_t, hop));
  uv_idle_init(loop->uv, &loop->hop);
  uv_close((uv_handle_t *)&loop->hop, on_hop);
}

/* Closes a handle of ours; false when the host has done it (with uv_walk, say),
 * and so is told of its end in our place. */
static bool close_own(vt_loop_t *loop, void *handle, uv_close_cb cb) {
  if (uv_is_closing(handle))
    return false;
  loop->closing++;
  uv_close(handle, cb);
  return true;
}

/* libuv runs the callbacks of all that is closing in one turn, in no order that
 * is promised: a handle closed in the turn after that comes after them all. */
static void close_handles(vt_loop_t *loop) {
  bool async = close_own(loop, &loop->async, on_async_closed);
  bool idle = close_own(loop, &loop->idle, on_idle_closed);
  bool timer = close_own(loop, &loop->timer, on_timer_closed);
  if (async && idle && timer)
    return;
  loop->closing++;
  uv_idle_init(loop->uv, &loop->hop);
  uv_close((uv_handle_t *)&loop->hop, on_first_hop);
}

int vt_loop_detach(vt_loop_t *loop, vt_detach_fn *cb) {
  if (!loop)
    return UV_EINVAL;
  if (loop != vt__current)
    return (int)vt__misuse(VT_ETHREAD);
  if (loop->attached > 1) {
    loop->attached--;
    return 0;
  }
  if (loop->running) /* vt_loop_run still looks at the loop */
    return UV_EBUSY;
  vt__inbox_take(loop);
  if (vt__walk_left(loop))
    return UV_EBUSY;
  vt__walk_untaken(loop);
  if (vt__walk_left(loop)) /* begun by what dropped a result */
    return UV_EBUSY;
  while (atomic_load_explicit(&loop->senders, memory_order_acquire) != 0)
    vt__thread_yield();
  vt__tasks_leave(loop);
  vt__current = NULL;
  loop->attached = 0;
  loop->detached = cb;
  close_handles(loop);
  return 0;
}

void vt__loop_abandon(vt_loop_t *loop) {
  vt__tasks_leave(loop);
  vt__current = NULL;
}

vt_loop_t *vt_loop_current(void) { return vt__current; }

uv_loop_t *vt_loop_uv(const vt_loop_t *loop) { return loop ? loop->uv : NULL; }

struct run {
  vt_result_t result;
  bool done;
  uv_loop_t *turning; /* once uv_run is on the stack */
};

static void on_run(void *state, vt_result_t result) {
  struct run *run = state;
  run->result = result;
  run->done = true;
  vt__current->told = true;
  if (run->turning) /* else uv_run sleeps until the next event */
    uv_stop(run->turning);
}

vt_result_t vt_loop_run(vt_loop_t *loop, vt_t v) {
  struct run run = {{VT_EPENDING, {0}}, false, NULL};
  if (!loop || loop != vt__current) {
    run.result.status = loop ? vt__misuse(VT_ETHREAD) : UV_EINVAL;
    return run.result;
  }
  if (loop->running || loop->depth || loop->turning) {
    run.result.status = UV_EBUSY;
    return run.result;
  }
  loop->running = true;
  vt_await(v, on_run, &run);
  vt__site_none();
  run.turning = loop->uv;
  while (!run.done && uv_run(loop->uv, UV_RUN_ONCE) != 0)
    ;
  if (!run.done)
    vt_await_stop(v, on_run, &run);
  loop->running = loop->told = false;
  return run.result;
}
