/* SPDX-License-Identifier: MIT */
/* Races for what is taken and given back: no permit is lost or given twice,
 * whoever cancels, times out, leaves or closes. */
#include "sim/waits.h"

/* ---- the world ---- */

struct locks {
  struct waits waits;
  vt_semaphore_t semaphore;
  vt_mutex_t mutex;
  vt_rwlock_t rwlock;
  uint64_t permits;
  uint64_t held; /* permits, or shares of a lock */
};

static struct locks *locks_of(struct waits *all) { return (struct locks *)all; }

static unsigned pick(struct locks *l, unsigned n) {
  return schedule_pick(&l->waits.schedule, n);
}

static void take(struct locks *l, uint64_t n) {
  l->held += n;
  if (l->held > l->permits)
    waits_wrong(&l->waits, "more is held than there is");
}

static void give(struct locks *l, uint64_t n) { l->held -= n; }

static void expect(struct locks *l, int rc) {
  if (rc != 0)
    waits_wrong(&l->waits, vt_err_name(rc));
}

/* What was handed over when it closed may be lost with it, nothing else. */
static void check_count(struct locks *l, uint64_t available, uint64_t there) {
  if (l->waits.closed == 0 ? available != there : available > there)
    waits_wrong(&l->waits, "it is lost, or there is too much of it");
}

static void nothing(struct waits *all) { (void)all; }

/* ---- semaphore ---- */

/* One permit is kept until the others have settled. */
static void semaphore_open(struct waits *all) {
  struct locks *l = locks_of(all);
  l->permits = 2 + pick(l, 3);
  l->held = 1;
  expect(l, vt_semaphore_init(&l->semaphore, l->permits - 1));
}

/* All permits are asked for by those only who do not wait for ever: they must
 * not keep those behind them. */
static vt_t semaphore_begin(struct wait *w) {
  struct locks *l = locks_of(w->all);
  unsigned most = (unsigned)l->permits - 1;
  w->about = 1 + pick(l, most + waits_end_alone(w));
  return vt_semaphore_acquire_async(&l->semaphore, w->about);
}

static void semaphore_got(struct wait *w) { take(locks_of(w->all), w->about); }

static void semaphore_put(struct wait *w) {
  struct locks *l = locks_of(w->all);
  give(l, w->about);
  expect(l, vt_semaphore_release(&l->semaphore, w->about));
}

/* One who does not wait. */
static void semaphore_act(struct waits *all) {
  struct locks *l = locks_of(all);
  if (!vt_semaphore_try_acquire(&l->semaphore, 1))
    return;
  take(l, 1);
  give(l, 1);
  expect(l, vt_semaphore_release(&l->semaphore, 1));
}

static void semaphore_close(struct waits *all, int64_t status) {
  expect(locks_of(all), vt_semaphore_close(&locks_of(all)->semaphore, status));
}

static void semaphore_check(struct waits *all) {
  struct locks *l = locks_of(all);
  give(l, 1);
  expect(l, vt_semaphore_release(&l->semaphore, 1));
  check_count(l, vt_semaphore_available(&l->semaphore), l->permits);
}

/* ---- mutex ---- */

static void mutex_open(struct waits *all) {
  struct locks *l = locks_of(all);
  l->permits = 1;
  l->held = 0;
  expect(l, vt_mutex_init(&l->mutex));
}

static vt_t mutex_begin(struct wait *w) {
  return vt_mutex_lock_async(&locks_of(w->all)->mutex);
}

static void mutex_got(struct wait *w) { take(locks_of(w->all), 1); }

static void mutex_put(struct wait *w) {
  struct locks *l = locks_of(w->all);
  give(l, 1);
  expect(l, vt_mutex_unlock(&l->mutex));
}

static void mutex_act(struct waits *all) {
  struct locks *l = locks_of(all);
  if (!vt_mutex_try_lock(&l->mutex))
    return;
  take(l, 1);
  give(l, 1);
  expect(l, vt_mutex_unlock(&l->mutex));
}

static void mutex_close(struct waits *all, int64_t status) {
  expect(locks_of(all), vt_mutex_close(&locks_of(all)->mutex, status));
}

static void mutex_check(struct waits *all) {
  struct locks *l = locks_of(all);
  check_count(l, !vt_mutex_is_locked(&l->mutex), 1);
}

/* ---- readers and writers ---- */

enum { READERS_MOST = WAITS_EACH + 1 };

static void rwlock_open(struct waits *all) {
  struct locks *l = locks_of(all);
  l->permits = READERS_MOST;
  l->held = 0;
  expect(l, vt_rwlock_init(&l->rwlock));
}

/* A writer counts as all readers that there could be. */
static vt_t rwlock_begin(struct wait *w) {
  struct locks *l = locks_of(w->all);
  bool alone = pick(l, 2);
  w->about = alone ? READERS_MOST : 1;
  return alone ? vt_rwlock_write_lock_async(&l->rwlock)
               : vt_rwlock_read_lock_async(&l->rwlock);
}

static void rwlock_got(struct wait *w) { take(locks_of(w->all), w->about); }

static void rwlock_put(struct wait *w) {
  struct locks *l = locks_of(w->all);
  give(l, w->about);
  expect(l, w->about == 1 ? vt_rwlock_read_unlock(&l->rwlock)
                          : vt_rwlock_write_unlock(&l->rwlock));
}

static void rwlock_act(struct waits *all) {
  struct locks *l = locks_of(all);
  bool alone = pick(l, 2);
  uint64_t n = alone ? READERS_MOST : 1;
  if (!(alone ? vt_rwlock_try_write_lock(&l->rwlock)
              : vt_rwlock_try_read_lock(&l->rwlock)))
    return;
  take(l, n);
  give(l, n);
  expect(l, alone ? vt_rwlock_write_unlock(&l->rwlock)
                  : vt_rwlock_read_unlock(&l->rwlock));
}

static void rwlock_close(struct waits *all, int64_t status) {
  expect(locks_of(all), vt_rwlock_close(&locks_of(all)->rwlock, status));
}

static void rwlock_check(struct waits *all) {
  struct locks *l = locks_of(all);
  bool is_free = vt_rwlock_try_write_lock(&l->rwlock);
  if (is_free)
    expect(l, vt_rwlock_write_unlock(&l->rwlock));
  check_count(l, is_free, 1);
}

/* ---- main ---- */

static const struct waits_kind kinds[] = {
    {.name = "semaphore",
     .open = semaphore_open,
     .begin = semaphore_begin,
     .got = semaphore_got,
     .put = semaphore_put,
     .act = semaphore_act,
     .finish = nothing,
     .close = semaphore_close,
     .check = semaphore_check,
     .settles = true},
    {.name = "mutex",
     .open = mutex_open,
     .begin = mutex_begin,
     .got = mutex_got,
     .put = mutex_put,
     .act = mutex_act,
     .finish = nothing,
     .close = mutex_close,
     .check = mutex_check,
     .settles = true},
    {.name = "rwlock",
     .open = rwlock_open,
     .begin = rwlock_begin,
     .got = rwlock_got,
     .put = rwlock_put,
     .act = rwlock_act,
     .finish = nothing,
     .close = rwlock_close,
     .check = rwlock_check,
     .settles = true},
};

static vt_t race(void *locks) {
  return waits_run(locks, kinds, sizeof kinds / sizeof *kinds);
}

int main(int argc, char **argv) {
  static struct locks locks;
  const struct races races = {.name = "sim/locks",
                              .world = &locks,
                              .size = sizeof locks,
                              .body = race,
                              .has_met_all = waits_have_met_all,
                              .count = 20000};
  return schedule_main(argc, argv, &races);
}
