/* SPDX-License-Identifier: MIT */
/* Many keys at once. Happy path: all are hits, and nothing is made. Else each
 * key that is missing waits as a get of its own would, those that nobody loads
 * yet are loaded by one call, and an operation of the caller's scope completes
 * when the last one is over. Values are retained meanwhile, and let go after
 * the caller has had them.
 *
 * What can go wrong: no memory for one of the keys is that key's result; no
 * memory for the whole is told before anything is begun. A cancel cancels the
 * waits, not the loads. */
#include "base/alloc.h"
#include "cache/cache.h"
#include "vt/scope.h"

/* Loads that one call has begun. */
struct vt__cache_batch {
  vt_t run;
  size_t count;
  size_t wanted;
  bool left; /* by all, before the loader had returned */
  vt_cache_load_t *loads[];
};

typedef struct many many_t;

struct slot {
  many_t *many;
  size_t index;
  vt_t v;
  bool waits;
};

struct many {
  struct many_op *op;
  vt__retired_t retired;
  vt_cache_t *cache;
  vt_cache_item_t *items;
  size_t count;
  size_t missing;
  size_t pending;
  struct slot *slots;               /* of the missing */
  const vt_cache_value_t *values[]; /* retained: one for each item, or NULL */
};

struct many_op {
  vt_op_t op;
  many_t *many;
  bool cancelled;
};

/* ---- batches ---- */

void vt__cache_batch_leave(struct vt__cache_batch *batch) {
  if (--batch->wanted != 0)
    return;
  batch->left = true;
  vt_cancel(batch->run);
}

/* Loads that somebody has asked for again meanwhile go on by themselves. */
static void end_batch(struct vt__cache_batch *batch, vt_result_t r) {
  batch->run = vt_done();
  for (size_t i = 0; i < batch->count; i++) {
    if (vt__cache_load_end(batch->loads[i], r))
      vt__cache_load_run(batch->loads[i]);
  }
  vt__free(batch);
}

static void on_batch(void *state, vt_result_t r) { end_batch(state, r); }

static void lose_batch(struct vt__cache_batch *batch, vt_t v) {
  vt_cancel(v);
  vt_forget(v);
  for (size_t i = 0; i < batch->count; i++)
    vt__cache_load_lose(batch->loads[i], vt_done());
  vt__free(batch);
}

static void run_batch(vt_cache_t *cache, struct vt__cache_batch *batch) {
  const vt_cache_options_t *o = &cache->options;
  uint64_t now = vt__loop_fresh_ns();
  cache->stats.loads += batch->count;
  batch->run = vt_done();
  batch->wanted = batch->count;
  for (size_t i = 0; i < batch->count; i++) {
    batch->loads[i]->batch = batch;
    batch->loads[i]->began_ns = now;
  }
  vt_scope_t *before = vt_scope_enter(NULL);
  vt_t v = o->load_many(o->arg, batch->loads, batch->count);
  vt_scope_leave(before);
  batch->run = v;
  int rc =
      vt_in_hand(v) ? VT_COMPLETED : vt_on_completed(v, 0, on_batch, batch);
  if (rc == VT_COMPLETED)
    end_batch(batch, vt_get_result(v));
  else if (rc == UV_ENOMEM)
    lose_batch(batch, v);
  else if (rc < 0)
    end_batch(batch, vt__wait_status(rc));
  else if (batch->left)
    vt_cancel(v);
}

/* ---- the whole ---- */

static void on_retired(vt__retired_t *retired) {
  many_t *many =
      (many_t *)(void *)((char *)retired - offsetof(many_t, retired));
  vt_cache_t *cache = many->cache;
  for (size_t i = 0; i < many->count; i++)
    vt_cache_release(many->values[i]);
  vt__free(many);
  vt__cache_release(cache);
}

static uint64_t successes(const vt_cache_item_t items[], size_t count) {
  uint64_t good = 0;
  for (size_t i = 0; i < count; i++)
    good += items[i].result.status == 0;
  return good;
}

static vt_result_t outcome(const many_t *many) {
  vt_result_t r = {0, {0}};
  r.value.u = successes(many->items, many->count);
  return r;
}

static void let_go(many_t *many) {
  vt__retire(many->cache->loop, &many->retired, on_retired);
}

static void keep(many_t *many, size_t index, vt_result_t r) {
  many->items[index].result = r;
  if (r.status == 0)
    many->values[index] = vt_cache_retain(r.value.p);
}

static void on_one(void *state, vt_result_t r) {
  struct slot *slot = state;
  many_t *many = slot->many;
  slot->waits = false;
  keep(many, slot->index, r);
  if (--many->pending != 0)
    return;
  struct many_op *op = many->op;
  r = outcome(many);
  if (op->cancelled)
    r = vt__wait_status(UV_ECANCELED);
  let_go(many);
  vt_op_complete(op, r);
}

static int cancel(vt_op_t *block) {
  struct many_op *op = (struct many_op *)(void *)block;
  const many_t *many = op->many;
  op->cancelled = true;
  for (size_t i = 0; i < many->missing; i++) {
    if (many->slots[i].waits)
      vt_cancel(many->slots[i].v);
  }
  return 0;
}

static const vt_op_kind_t many_kind = {
    VT_OP_OPS("cache many"), .size = sizeof(struct many_op), .cancel = cancel};

/* ---- beginning ---- */

/* The results of those that are there; how many are not. */
static size_t get_hits(vt_cache_t *cache, vt_cache_item_t items[],
                       size_t count) {
  size_t missing = 0;
  for (size_t i = 0; i < count; i++) {
    vt_cache_item_t *item = &items[i];
    vt__cache_key_t key = vt__cache_key(cache, item->key, item->key_size);
    vt__cache_entry_t *entry = vt__cache_find(cache, &key);
    if (entry && vt__cache_hit(cache, entry, &item->result))
      continue;
    item->result.status = VT_PENDING;
    missing++;
  }
  return missing;
}

static many_t *many_new(vt_cache_t *cache, vt_cache_item_t items[],
                        size_t count, size_t missing) {
  size_t head = sizeof(many_t) + count * sizeof(vt_cache_value_t *);
  if (count > SIZE_MAX / 1024)
    return NULL;
  many_t *many = vt__calloc(1, head + missing * sizeof(struct slot));
  if (!many)
    return NULL;
  many->slots = (struct slot *)(void *)((char *)many + head);
  many->cache = cache;
  many->items = items;
  many->count = count;
  many->missing = missing;
  for (size_t i = 0; i < count; i++)
    if (items[i].result.status != VT_PENDING)
      keep(many, i, items[i].result);
  vt__cache_hold(cache);
  return many;
}

static struct vt__cache_batch *batch_new(const many_t *many) {
  struct vt__cache_batch *batch = NULL;
  if (many->cache->options.load_many)
    batch = vt__calloc(1, sizeof *batch + many->missing * sizeof(void *));
  return batch;
}

/* Waits for each that is missing, and begins what nobody loads yet: one by one
 * where there is no batch. */
static void join_all(many_t *many, struct vt__cache_batch *batch) {
  struct slot *slot = many->slots;
  for (size_t i = 0; i < many->count; i++) {
    const vt_cache_item_t *item = &many->items[i];
    if (item->result.status != VT_PENDING)
      continue;
    vt__cache_key_t key = vt__cache_key(many->cache, item->key, item->key_size);
    vt_cache_load_t *load = NULL;
    slot->many = many;
    slot->index = i;
    slot->v = vt__cache_wait(many->cache, &key, &load);
    slot++;
    if (load && batch)
      batch->loads[batch->count++] = load;
    else if (load)
      vt__cache_load_run(load);
  }
}

/* Only now: what is over by then is in hand. */
static void await_all(many_t *many) {
  for (size_t i = 0; i < many->missing; i++) {
    struct slot *slot = &many->slots[i];
    int rc = vt_in_hand(slot->v) ? VT_COMPLETED
                                 : vt_on_completed(slot->v, 0, on_one, slot);
    slot->waits = rc == 0;
    many->pending += slot->waits;
    if (rc == VT_COMPLETED)
      keep(many, slot->index, vt_get_result(slot->v));
    else if (rc < 0)
      keep(many, slot->index, vt__wait_status(rc));
  }
}

static void begin(many_t *many) {
  struct vt__cache_batch *batch = batch_new(many);
  vt_scope_t *before = vt_scope_enter(NULL);
  join_all(many, batch);
  vt_scope_leave(before);
  if (batch && batch->count != 0)
    run_batch(many->cache, batch);
  else
    vt__free(batch);
  await_all(many);
}

static vt_t wait_for(vt_cache_t *cache, vt_cache_item_t items[], size_t count,
                     size_t missing) {
  struct many_op *op = NULL;
  int rc = vt_op_begin(&many_kind, &op);
  if (rc != 0)
    return vt_failed(rc);
  many_t *many = many_new(cache, items, count, missing);
  if (!many)
    return vt_op_started(op, UV_ENOMEM);
  op->many = many;
  op->cancelled = false;
  many->op = op;
  begin(many);
  if (many->pending != 0) {
    if (op->cancelled) /* by a loader, when there was nothing to cancel */
      cancel(&op->op);
    return vt_op_started(op, 0);
  }
  let_go(many);
  vt__loop_release(cache->loop);
  vt__op_undo(&op->op);
  return vt_from_result(outcome(many));
}

vt_t vt_cache_get_many(vt_cache_t *cache, vt_cache_item_t items[],
                       size_t count) {
  int rc = vt__cache_check(cache);
  if (rc == 0 && !items && count != 0)
    rc = UV_EINVAL;
  if (rc != 0)
    return vt_failed(rc);
  vt__cache_hold(cache); /* a loader may close it */
  size_t missing = get_hits(cache, items, count);
  vt_t v = missing == 0 ? vt_from_uint(successes(items, count))
                        : wait_for(cache, items, count, missing);
  vt__cache_release(cache);
  return v;
}
