/* SPDX-License-Identifier: MIT */
/* How the fronts of a shared snapshot load.
 *
 * Happy path: the first front whose snapshot loads runs the user's loader on
 * its loop. Those that come meanwhile wait. When the load is over its share
 * becomes the current one, those that wait are marked with it as their outcome,
 * and all are told: each completes its own load by it, on its own loop.
 *
 * What can go wrong: a load that was spoiled by an invalidate. Those that came
 * after that want the next one, which nobody runs yet; told that this one is
 * over, each queues itself to ask again, and the first runs it. That is what
 * the ready queue is for: the user's loader is not called where a front looks.
 * A front that is cancelled leaves alone; one that runs the load only when no
 * other one waits for it. */
#include "cache/shared_snapshot.h"

#include "base/alloc.h"
#include "core/oneshot.h"

struct wait {
  vt_op_t op;
  vt__front_t *front;
};

static vt__front_t *front_of(const vt_op_t *op) {
  return ((const struct wait *)(const void *)op)->front;
}

static vt__front_t *front_of_member(vt__member_t *m) {
  return VT__WAIT_OWNER(m, vt__front_t, member);
}

static vt_result_t result_of(int64_t status, void *p) {
  vt_result_t r = {status, {.p = p}};
  return r;
}

/* ---- the wait, which the front's snapshot awaits ---- */

/* Ends it; later: the continuation is queued, never run here. */
static void end_wait(vt__front_t *f, vt_result_t result, bool later) {
  vt_op_t *op = f->wait;
  vt_loop_t *loop = f->member.loop;
  f->wait = NULL;
  if (later)
    op->flags |= VT_LATER;
  vt__op_finish(op, result);
  vt__loop_release(loop);
}

static vt_result_t ask(vt__front_t *f);

/* Whether it has an outcome by now, which is given; it waits no longer. */
static bool take_outcome(vt__front_t *f, vt_result_t *out) {
  vt__circle_lock(&f->shared->circle);
  bool told = f->told;
  *out = f->outcome;
  f->told = f->waits = false;
  vt__circle_unlock(&f->shared->circle);
  return told;
}

/* Its awaiter is to run, or it was queued to ask again. */
static void wait_ready(vt_loop_t *loop, vt_op_t *op) {
  vt__front_t *f = front_of(op);
  if (op->phase == VT__QUEUED) {
    vt__op_ready(loop, op);
    return;
  }
  loop->scope = NULL;
  vt_result_t r;
  bool told = take_outcome(f, &r);
  if (f->cancelled) {
    vt__share_unref(told ? r.value.p : NULL);
    r = result_of(UV_ECANCELED, NULL);
  } else if (!told) {
    r = ask(f);
  }
  f->starts = f->cancelled = false;
  if (r.status != VT_PENDING)
    end_wait(f, r, false);
}

/* ---- cancelling ---- */

static void count_waiting(vt__member_t *m, void *arg) {
  const vt__front_t *f = front_of_member(m);
  size_t *count = arg;
  *count += f->waits && f->wants <= f->shared->load;
}

/* Nobody is to join a load that is cancelled. */
static int cancel_run(vt__front_t *f) {
  vt_shared_snapshot_t *s = f->shared;
  size_t others = 0;
  vt__circle_lock(&s->circle);
  vt__circle_each(&s->circle, count_waiting, &others);
  bool before = s->spoiled;
  uint64_t changes = s->changes;
  s->spoiled = before || others == 0;
  vt__circle_unlock(&s->circle);
  int rc = others != 0 ? UV_EBUSY : vt_cancel(f->load);
  if (rc == 0 || others != 0)
    return rc;
  vt__circle_lock(&s->circle);
  if (s->changes == changes)
    s->spoiled = before;
  vt__circle_unlock(&s->circle);
  return rc;
}

/* One that is queued ends in its turn. */
static int cancel_wait(vt__front_t *f) {
  vt_result_t outcome;
  if (f->starts) {
    f->cancelled = true;
    return 0;
  }
  bool told = take_outcome(f, &outcome);
  end_wait(f, told ? outcome : result_of(UV_ECANCELED, NULL), true);
  return told ? UV_EBUSY : 0;
}

static int wait_cancel(vt_source_t *source, uint64_t token) {
  vt_op_t *op = (vt_op_t *)(void *)source;
  int rc = vt__op_check(op, token);
  if (rc != 0)
    return (int)vt__misuse(rc);
  if (op->phase != VT__PENDING && op->phase != VT__AWAITED)
    return UV_EALREADY;
  vt__front_t *f = front_of(op);
  return f->runs ? cancel_run(f) : cancel_wait(f);
}

static const struct vt__own_ops wait_own = {
    .attach = vt__op_attach,
    .stop = vt__op_stop,
    .forget = vt__op_forget,
    .drop = vt__op_drop,
    .ready = wait_ready,
};

static const vt_source_ops_t wait_ops = {
    .kind = "shared snapshot",
    .status = vt__op_status,
    .result = vt__op_result,
    .on_completed = vt__op_on_completed,
    .cancel = wait_cancel,
    .own = &wait_own,
};

/* ---- running the load ---- */

static void tell_outcome(vt__member_t *m, void *arg) {
  vt__front_t *f = front_of_member(m);
  const vt_result_t *result = arg;
  if (!f->waits || f->wants > f->shared->load)
    return;
  f->waits = false;
  f->told = true;
  f->outcome = *result;
  vt__share_ref(result->value.p);
}

/* By the lock: what the load leaves behind, which is told to those that wait.
 * The share that is to be unreferenced outside. */
static vt__share_t *note_load(vt__front_t *f, vt_result_t *result) {
  vt_shared_snapshot_t *s = f->shared;
  uint64_t wait_ms = s->options.fail_ms;
  int64_t status = result->status;
  s->loading = false;
  s->stats.load_ns_last = vt__loop_fresh_ns() - f->begun_ns;
  s->stats.load_ns += s->stats.load_ns_last;
  s->stats.failures += status != 0;
  vt__circle_each(&s->circle, tell_outcome, result);
  if (s->spoiled) {
    f->snapshot.spoiled = true;
    return NULL;
  }
  if (status == 0) {
    vt__share_t *before = vt__shared_swap(s, vt__share_ref(result->value.p));
    f->seen = s->changes;
    return before;
  }
  bool keeps = wait_ms && status != UV_ECANCELED && status != UV_ENOMEM;
  s->failed = keeps ? status : 0;
  s->failed_until = vt__loop_fresh_now() + wait_ms;
  return NULL;
}

/* The load that f runs is over. What it is for f: a share, counted. */
static vt_result_t conclude(vt__front_t *f, vt_result_t result) {
  vt_shared_snapshot_t *s = f->shared;
  vt__share_t *share = f->share;
  f->share = NULL;
  f->runs = false;
  if (result.status == 0) {
    vt__share_set(share, s, result.value.p);
    result.value.p = share;
  } else {
    vt__free(share);
    result.value.p = NULL;
  }
  vt__circle_lock(&s->circle);
  vt__share_t *before = note_load(f, &result);
  vt__circle_tell(&s->circle);
  vt__share_unref(before);
  return result;
}

static void on_loaded(void *state, vt_result_t result) {
  vt__front_t *f = state;
  end_wait(f, conclude(f, result), false);
}

static vt_result_t run_load(vt__front_t *f) {
  const vt_snapshot_options_t *options = &f->shared->options;
  vt_result_t result;
  f->begun_ns = vt__loop_fresh_ns();
  f->load = vt_done();
  vt_t v = options->load(options->arg);
  f->load = v;
  if (!vt__load_await(v, on_loaded, f, &result))
    return conclude(f, result);
  if (f->snapshot.closed && !(options->flags & VT_SNAPSHOT_DRAIN))
    cancel_run(f); /* closed by its loader */
  return result_of(VT_PENDING, NULL);
}

/* ---- asking ---- */

/* Whether the current share is something new for the front, or fresh. */
static bool is_wanted(const vt__front_t *f, const vt__share_t *share) {
  const vt__version_t *own = f->snapshot.version;
  uint64_t now = vt__loop_now(f->member.loop);
  if (!share || f->snapshot.refreshing)
    return false;
  if (now < share->until)
    return true;
  return now < share->stale_until && !(own && own->owned == share);
}

static void wait_for_another(vt__front_t *f) {
  const vt_shared_snapshot_t *s = f->shared;
  f->wants = s->load + s->spoiled;
  f->waits = true;
}

static void begin_own(vt__front_t *f) {
  vt_shared_snapshot_t *s = f->shared;
  s->loading = true;
  s->spoiled = false;
  s->load++;
  s->stats.loads++;
  f->runs = true;
}

/* By the lock: what there is for the front. VT_PENDING: a load, which it runs
 * or waits for. */
static vt_result_t decide(vt__front_t *f) {
  vt_shared_snapshot_t *s = f->shared;
  f->waits = false;
  if (!f->snapshot.version)
    f->seen = s->changes; /* nothing to forget */
  if (is_wanted(f, s->current)) {
    f->seen = s->changes;
    return result_of(0, vt__share_ref(s->current));
  }
  if (!s->options.load)
    return result_of(UV_ENOENT, NULL);
  bool has_failed =
      s->failed != 0 && vt__loop_now(f->member.loop) < s->failed_until;
  if (has_failed && !f->snapshot.refreshing)
    return result_of(s->failed, NULL);
  if (s->loading)
    wait_for_another(f);
  else
    begin_own(f);
  return result_of(VT_PENDING, NULL);
}

static vt_result_t ask(vt__front_t *f) {
  if (!f->share)
    f->share = vt__share_new(f->shared);
  if (!f->share)
    return result_of(UV_ENOMEM, NULL);
  vt__circle_lock(&f->shared->circle);
  vt_result_t r = decide(f);
  vt__circle_unlock(&f->shared->circle);
  return f->runs ? run_load(f) : r;
}

vt_t vt__front_load(void *front) {
  vt__front_t *f = front;
  vt_op_t *op = NULL;
  int rc = vt__op_new(&wait_ops, sizeof(struct wait), &op);
  if (rc != 0)
    return vt_failed(rc);
  op->aux = (uint32_t)vt__loop_now(f->member.loop);
  ((struct wait *)(void *)op)->front = f;
  f->wait = op;
  vt__loop_hold(f->member.loop);
  vt_result_t r = ask(f);
  if (r.status == VT_PENDING)
    return vt__op_task(op);
  f->wait = NULL;
  vt__loop_release(f->member.loop);
  vt__op_undo(op);
  return vt_from_result(r);
}

/* ---- being told ---- */

/* Takes over a change: share, whose reference it takes, or nothing is current.
 * What the load under way gives is older, or is that. */
static void follow(vt__front_t *f, vt__share_t *share,
                   const vt__share_t *loaded) {
  vt__snapshot_t *s = &f->snapshot;
  if (s->closed || (share && share == loaded)) {
    vt__share_unref(share);
    return;
  }
  if (!share || vt__snapshot_put(s, share) != 0)
    vt__snapshot_forget(s);
}

/* The load that it wants is nobody's: it asks again, in its turn. */
static void queue_start(vt__front_t *f) {
  if (f->starts || !f->wait)
    return;
  f->starts = true;
  vt__ready_push(f->member.loop, f->wait);
}

void vt__front_look(vt__member_t *m) {
  vt__front_t *f = front_of_member(m);
  vt_shared_snapshot_t *s = f->shared;
  vt__circle_lock(&s->circle);
  bool changed = f->seen != s->changes;
  vt__share_t *current = changed ? vt__share_ref(s->current) : NULL;
  bool told = f->told && !f->starts, starts = f->waits && !s->loading;
  vt_result_t outcome = f->outcome;
  f->seen = s->changes;
  f->told = f->told && !told; /* one that is queued looks itself */
  vt__circle_unlock(&s->circle);
  if (changed)
    follow(f, current, told ? outcome.value.p : NULL);
  if (told)
    end_wait(f, outcome, true);
  if (starts)
    queue_start(f);
}
