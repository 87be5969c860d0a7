/* SPDX-License-Identifier: MIT */
#include "support/cache_model.h"

static void drop(struct model *m, struct model_key *k,
                 vt_cache_reason_t reason) {
  if (k->there && k->status == 0)
    m->left[reason]++;
  k->there = false;
}

static bool is_over(const struct model *m, const struct model_key *k,
                    uint64_t now) {
  uint64_t idle = m->options.idle_ms;
  return now >= k->end || (idle != 0 && now >= k->used + idle);
}

static void store(struct model *m, struct model_key *k, int value,
                  int64_t status, uint64_t now) {
  const vt_cache_options_t *o = &m->options;
  uint64_t ttl = status != 0 ? o->fail_ms : o->ttl_ms;
  drop(m, k, VT_CACHE_REPLACED);
  k->there = true;
  k->value = value;
  k->status = status;
  k->used = now;
  k->fresh = ttl == 0 ? UINT64_MAX : now + ttl;
  k->end = ttl == 0 || status != 0 ? k->fresh : k->fresh + o->stale_ms;
  k->refresh = UINT64_MAX;
  if (status == 0 && o->refresh_ms != 0)
    k->refresh = now + o->refresh_ms;
  if (status == 0 && o->stale_ms != 0 && k->fresh < k->refresh)
    k->refresh = k->fresh;
  m->stored += status == 0;
}

static void begin(struct model_key *k, bool background) {
  k->loading = true;
  k->background = background;
  k->unwanted = k->cancelled = false;
  k->loads++;
}

static enum model_answer wait(struct model *m, struct model_key *k) {
  uint64_t most = m->options.max_waiters;
  if (k->loading && most != 0 && k->waiting + k->later >= most)
    return MODEL_BUSY;
  if (!k->loading)
    begin(k, false);
  if (k->unwanted || k->cancelled) {
    k->later++;
    return MODEL_LATER;
  }
  k->waiting++;
  return MODEL_WAITS;
}

enum model_answer model_get(struct model *m, int key, uint64_t now) {
  struct model_key *k = &m->keys[key];
  if (k->there && is_over(m, k, now))
    drop(m, k, VT_CACHE_EXPIRED);
  if (!k->there)
    return wait(m, k);
  k->used = now;
  if (k->status != 0)
    return MODEL_FAILED;
  if (now >= k->refresh && !k->loading) {
    begin(k, true);
    k->refresh = UINT64_MAX;
  }
  return MODEL_HIT;
}

bool model_peek(const struct model *m, int key, uint64_t now) {
  const struct model_key *k = &m->keys[key];
  return k->there && k->status == 0 && !is_over(m, k, now);
}

void model_put(struct model *m, int key, int value, uint64_t now) {
  m->keys[key].unwanted = true;
  store(m, &m->keys[key], value, 0, now);
}

bool model_invalidate(struct model *m, int key) {
  struct model_key *k = &m->keys[key];
  bool there = k->there;
  k->unwanted = true;
  drop(m, k, VT_CACHE_INVALIDATED);
  return there;
}

static void keep(struct model *m, struct model_key *k, int64_t status,
                 int value, uint64_t now) {
  if (status == 0)
    store(m, k, value, 0, now);
  else if (k->there && k->status == 0)
    k->refresh = now + (m->options.fail_ms ? m->options.fail_ms : 1000);
  else if (m->options.fail_ms != 0 && status != UV_ECANCELED)
    store(m, k, 0, status, now);
}

struct model_end model_end_load(struct model *m, int key, int64_t status,
                                int value, uint64_t now) {
  struct model_key *k = &m->keys[key];
  bool again = k->unwanted || (k->cancelled && status != 0);
  struct model_end end = {false, false};
  if (!k->unwanted)
    keep(m, k, status, value, now);
  end.again = again && k->later != 0;
  end.later_too = !end.again;
  k->waiting = end.again ? k->later : 0;
  k->later = 0;
  k->loading = false;
  if (end.again)
    begin(k, false);
  return end;
}

void model_leave(struct model *m, int key, bool later) {
  struct model_key *k = &m->keys[key];
  if (later)
    k->later--;
  else
    k->waiting--;
  bool wanted = k->waiting != 0 || (!k->unwanted && k->later != 0);
  if (m->options.flags & VT_CACHE_CANCEL && !wanted && !k->background &&
      !k->cancelled) {
    k->cancelled = true;
    k->cancels++;
  }
}

uint64_t model_sweep(struct model *m, uint64_t now) {
  uint64_t swept = 0;
  for (int i = 0; i < MODEL_KEYS; i++) {
    struct model_key *k = &m->keys[i];
    if (!k->there || !is_over(m, k, now))
      continue;
    drop(m, k, VT_CACHE_EXPIRED);
    swept++;
  }
  return swept;
}

void model_evicted(struct model *m, int key) {
  drop(m, &m->keys[key], VT_CACHE_EVICTED);
}
