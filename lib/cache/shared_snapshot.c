/* SPDX-License-Identifier: MIT */
/* Snapshots shared by loops: the values, and the fronts as snapshots. How a
 * front loads is told in shared_load.c.
 *
 * Happy path: a front is a snapshot whose loader asks the shared one, and whose
 * values are shares, counted by atomics where a version is made and dropped,
 * never where it is read. What changes the current share tells the circle, and
 * each front takes a reference to it when it looks. */
#include "cache/shared_snapshot.h"

#include "base/alloc.h"

/* ---- shares ---- */

vt__share_t *vt__share_new(const vt_shared_snapshot_t *s) {
  vt__share_t *share = vt__malloc(sizeof *share);
  if (!share)
    return NULL;
  atomic_init(&share->references, 1);
  share->drop = s->options.drop;
  share->arg = s->options.arg;
  return share;
}

/* A moment that far from another; 0: never. */
static uint64_t after(uint64_t at, uint64_t ms) {
  return ms == 0 || ms > UINT64_MAX - at ? UINT64_MAX : at + ms;
}

void vt__share_set(vt__share_t *share, const vt_shared_snapshot_t *s,
                   void *value) {
  uint64_t stale = s->options.stale_ms;
  share->value = value;
  share->until = after(vt__loop_fresh_now(), s->options.ttl_ms);
  share->stale_until = stale ? after(share->until, stale) : share->until;
}

vt__share_t *vt__share_ref(vt__share_t *share) {
  if (share)
    atomic_fetch_add_explicit(&share->references, 1, memory_order_relaxed);
  return share;
}

void vt__share_unref(vt__share_t *share) {
  if (!share || atomic_fetch_sub_explicit(&share->references, 1,
                                          memory_order_acq_rel) != 1)
    return;
  if (share->drop)
    share->drop(share->arg, share->value);
  vt__free(share);
}

static void drop_share(void *arg, void *owned) {
  (void)arg;
  vt__share_unref(owned);
}

vt__share_t *vt__shared_swap(vt_shared_snapshot_t *s, vt__share_t *share) {
  vt__share_t *before = s->current;
  s->current = share;
  s->changes++;
  s->failed = 0;
  return before;
}

/* ---- changing ---- */

/* Makes share, or nothing, current for all. */
static void change(vt_shared_snapshot_t *s, vt__share_t *share) {
  vt__circle_lock(&s->circle);
  vt__share_t *before = vt__shared_swap(s, share);
  s->spoiled = true;
  s->stats.invalidations += !share;
  vt__circle_tell(&s->circle);
  vt__share_unref(before);
}

int vt_shared_snapshot_put(vt_shared_snapshot_t *s, void *value) {
  if (!s)
    return UV_EINVAL;
  vt__share_t *share = vt__share_new(s);
  if (!share) {
    if (s->options.drop)
      s->options.drop(s->options.arg, value);
    return UV_ENOMEM;
  }
  vt__share_set(share, s, value);
  change(s, share);
  return 0;
}

int vt_shared_snapshot_invalidate(vt_shared_snapshot_t *s) {
  if (!s)
    return UV_EINVAL;
  change(s, NULL);
  return 0;
}

void vt_shared_snapshot_stats(vt_shared_snapshot_t *s,
                              vt_snapshot_stats_t *out) {
  vt__circle_lock(&s->circle);
  *out = s->stats;
  vt__circle_unlock(&s->circle);
}

/* ---- fronts ---- */

static vt__front_t *front_of(vt__snapshot_t *s) {
  return (vt__front_t *)(void *)s;
}

static void *open_share(const void *owned, uint64_t *out_until,
                        uint64_t *out_stale_until) {
  const vt__share_t *share = owned;
  *out_until = share->until;
  *out_stale_until = share->stale_until;
  return share->value;
}

static int put_for_all(vt__snapshot_t *s, void *value) {
  return vt_shared_snapshot_put(front_of(s)->shared, value);
}

static int invalidate_for_all(vt__snapshot_t *s) {
  return vt_shared_snapshot_invalidate(front_of(s)->shared);
}

static void leave(vt__snapshot_t *s) { vt__circle_leave(&front_of(s)->member); }

static void release(vt__snapshot_t *s) {
  vt_shared_snapshot_t *shared = front_of(s)->shared;
  vt__free(front_of(s)->share);
  vt__free(s);
  vt_shared_snapshot_unref(shared);
}

int vt_shared_snapshot_open(vt_shared_snapshot_t *s, vt_snapshot_t **out) {
  static const vt__snapshot_back_t back = {.open = open_share,
                                           .put = put_for_all,
                                           .invalidate = invalidate_for_all,
                                           .close = leave,
                                           .release = release};
  if (!s || !out)
    return UV_EINVAL;
  vt__front_t *f = vt__current ? vt__calloc(1, sizeof *f) : NULL;
  if (!f)
    return vt__current ? UV_ENOMEM : VT_ENOLOOP;
  vt_snapshot_options_t options = {.load = vt__front_load,
                                   .drop = drop_share,
                                   .arg = f,
                                   .max_waiters = s->options.max_waiters,
                                   .flags = s->options.flags};
  vt__snapshot_init(&f->snapshot, &options, &back);
  f->shared = s;
  int rc = vt__circle_join(&s->circle, &f->member, vt__front_look);
  if (rc != 0) {
    vt__free(f);
    return rc;
  }
  vt_shared_snapshot_ref(s);
  *out = &f->snapshot.public;
  return 0;
}

/* ---- life ---- */

int vt_shared_snapshot_new(const vt_snapshot_options_t *options,
                           vt_shared_snapshot_t **out) {
  if (!out || vt__snapshot_check(options) != 0)
    return UV_EINVAL;
  vt_shared_snapshot_t *s = vt__calloc(1, sizeof *s);
  if (!s)
    return UV_ENOMEM;
  vt__circle_init(&s->circle);
  atomic_init(&s->references, 1);
  s->options = *options;
  *out = s;
  return 0;
}

vt_shared_snapshot_t *vt_shared_snapshot_ref(vt_shared_snapshot_t *s) {
  if (s)
    atomic_fetch_add_explicit(&s->references, 1, memory_order_relaxed);
  return s;
}

void vt_shared_snapshot_unref(vt_shared_snapshot_t *s) {
  if (!s ||
      atomic_fetch_sub_explicit(&s->references, 1, memory_order_acq_rel) != 1)
    return;
  vt__share_unref(s->current);
  vt__free(s);
}
