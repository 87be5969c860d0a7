/* SPDX-License-Identifier: MIT */
/* Random operations on a cache, with loads that end when they like, on the
 * simulated clock, against a naive model. VT_RUNS in the environment is the
 * number of rounds. */
#include <stdlib.h>
#include <string.h>

#include <vt_sim.h>

#include "support/cache_model.h"
#include "support/gate.h"

enum { STEPS = 300, WAITS = 64, VALUES = 4096, RETAINED = 8 };

/* Keys with a common prefix. */
static const char *const names[MODEL_KEYS] = {"a", "aa", "aab", "b", "ba", ""};

struct wait {
  struct world *w;
  bool used;
  int key;
  bool later;
  bool told; /* the model says: by this */
  int64_t status;
  int value;
  vt_t v;
  int count;
  vt_result_t got;
  int got_value;
};

struct value {
  int number;
  bool alive;
};

struct world {
  uint32_t random;
  struct model m;
  vt_cache_t *cache;
  struct wait waits[WAITS];
  struct value values[VALUES];
  int value_count;
  int dropped;
  uint64_t left[5];
  const vt_cache_value_t *retained[RETAINED];
  struct gate gates[MODEL_KEYS];
  vt_cache_load_t *loads[MODEL_KEYS];
  int load_counts[MODEL_KEYS];
  int pins[MODEL_KEYS];
  uint64_t hits, misses;
  char wrong[120];
};

/* ---- helpers ---- */

static unsigned pick(struct world *w, unsigned n) {
  w->random = w->random * 1664525 + 1013904223;
  return (w->random >> 8) % n;
}

static uint64_t now(void) { return uv_now(vt_loop_uv(vt_loop_current())); }

static void check(struct world *w, bool holds, const char *rule, int key) {
  if (!holds && !w->wrong[0])
    snprintf(w->wrong, sizeof w->wrong, "%s (key %d)", rule, key);
}

static struct value *new_value(struct world *w) {
  struct value *v = &w->values[w->value_count];
  v->number = w->value_count++;
  v->alive = true;
  return v;
}

static void on_drop(void *arg, void *data) {
  struct world *w = arg;
  struct value *v = data;
  check(w, v->alive, "a value is dropped twice", v->number);
  v->alive = false;
  w->dropped++;
}

static void on_left(void *arg, const void *key, size_t key_size,
                    const vt_cache_value_t *value, vt_cache_reason_t reason) {
  struct world *w = arg;
  const struct value *v = value->data;
  (void)key;
  (void)key_size;
  check(w, v->alive, "what has left is told of too late", v->number);
  w->left[reason]++;
}

static int key_of(const vt_cache_load_t *load) {
  size_t size = 0;
  const char *key = vt_cache_load_key(load, &size);
  for (int i = 0; i < MODEL_KEYS; i++)
    if (strlen(names[i]) == size && memcmp(names[i], key, size) == 0)
      return i;
  return 0;
}

static vt_t load(void *arg, vt_cache_load_t *l) {
  struct world *w = arg;
  int key = key_of(l);
  check(w, !w->gates[key].op, "two loads of a key are under way", key);
  w->load_counts[key]++;
  w->loads[key] = l;
  w->gates[key].cancel_rc = UV_EBUSY;
  return gate_begin(&w->gates[key]);
}

/* ---- waiting ---- */

static void on_told(void *state, vt_result_t r) {
  struct wait *wait = state;
  struct world *w = wait->w;
  const vt_cache_value_t *value = vt_cache_value(r);
  wait->count++;
  wait->got = r;
  if (!value)
    return;
  const struct value *v = value->data;
  check(w, v->alive, "a value is gone before it is told", wait->key);
  wait->got_value = v->number;
}

static struct wait *free_wait(struct world *w) {
  for (int i = 0; i < WAITS; i++)
    if (!w->waits[i].used)
      return &w->waits[i];
  return NULL;
}

static void tell(struct wait *wait, int64_t status, int value) {
  wait->told = true;
  wait->status = status;
  wait->value = value;
}

static void check_hit(struct world *w, int key, vt_result_t r) {
  const vt_cache_value_t *value = vt_cache_value(r);
  check(w, value != NULL, "a hit is none", key);
  if (!value)
    return;
  const struct value *v = value->data;
  check(w, v->alive && v->number == w->m.keys[key].value,
        "a hit has another value", key);
}

static void get(struct world *w, int key) {
  struct wait *wait = free_wait(w);
  if (!wait)
    return;
  enum model_answer answer = model_get(&w->m, key, now());
  vt_t v = vt_cache_get(w->cache, names[key], strlen(names[key]));
  bool waits = answer == MODEL_WAITS || answer == MODEL_LATER;
  bool in_hand = vt_in_hand(v);
  w->hits += answer == MODEL_HIT || answer == MODEL_FAILED;
  w->misses += waits || answer == MODEL_BUSY;
  check(w, in_hand == !waits, "it waits where it should not, or not", key);
  if (!in_hand) {
    *wait = (struct wait){.w = w, .used = true, .key = key, .v = v};
    wait->later = answer == MODEL_LATER;
    vt_await(v, on_told, wait);
    return;
  }
  vt_result_t r = vt_get_result(v);
  if (answer == MODEL_HIT)
    check_hit(w, key, r);
  else if (answer == MODEL_FAILED)
    check(w, r.status == w->m.keys[key].status, "another failure", key);
  else
    check(w, r.status == UV_EBUSY, "more wait than may", key);
}

/* One who waits goes: cancelled, and told so, or withdrawn. */
static void leave(struct world *w) {
  struct wait *wait = &w->waits[pick(w, WAITS)];
  if (!wait->used || wait->told)
    return;
  model_leave(&w->m, wait->key, wait->later);
  if (pick(w, 2)) {
    tell(wait, UV_ECANCELED, 0);
    check(w, vt_cancel(wait->v) == 0, "it cannot be cancelled", wait->key);
  } else {
    wait->used = false;
    check(w, vt_await_stop(wait->v, on_told, wait), "it cannot be withdrawn",
          wait->key);
  }
}

/* ---- the loads' ends ---- */

static void tell_all(struct world *w, int key, struct model_end end,
                     int64_t status, int value) {
  for (int i = 0; i < WAITS; i++) {
    struct wait *wait = &w->waits[i];
    if (!wait->used || wait->told || wait->key != key)
      continue;
    if (!wait->later || end.later_too)
      tell(wait, status, value);
    wait->later = false;
  }
}

static void end_load(struct world *w, int key) {
  if (!w->gates[key].op)
    return;
  struct value *v = NULL;
  int64_t status = 0;
  if (pick(w, 4) == 0)
    status = pick(w, 2) ? UV_EIO : UV_ECANCELED;
  else
    v = new_value(w);
  struct model_end end =
      model_end_load(&w->m, key, status, v ? v->number : 0, now());
  tell_all(w, key, end, status, v ? v->number : 0);
  if (v && vt_status(vt_cache_load_put(w->loads[key], v, 1)) != 0)
    check(w, false, "it cannot be put", key);
  gate_open(&w->gates[key], (vt_result_t){status, {0}});
}

/* ---- the other operations ---- */

static void put(struct world *w, int key) {
  struct value *v = new_value(w);
  model_put(&w->m, key, v->number, now());
  check(w, vt_cache_put(w->cache, names[key], strlen(names[key]), v, 1) == 0,
        "it cannot be put", key);
}

static void invalidate(struct world *w, int key, bool takes) {
  size_t size = strlen(names[key]);
  bool peeked = model_peek(&w->m, key, now());
  bool there = model_invalidate(&w->m, key);
  w->pins[key] = 0;
  if (!takes) {
    check(w, vt_cache_invalidate(w->cache, names[key], size) == there,
          "it drops another number", key);
    return;
  }
  const vt_cache_value_t *value = vt_cache_take(w->cache, names[key], size);
  check(w, (value != NULL) == peeked, "what is taken is not there", key);
  check(w, !value || ((const struct value *)value->data)->alive,
        "what is taken is gone", key);
  vt_cache_release(value);
}

static void invalidate_prefix(struct world *w, const char *prefix) {
  uint64_t dropped = 0;
  for (int i = 0; i < MODEL_KEYS; i++) {
    if (strncmp(names[i], prefix, strlen(prefix)) != 0)
      continue;
    dropped += model_invalidate(&w->m, i);
    w->pins[i] = 0;
  }
  check(w,
        vt_cache_invalidate_prefix(w->cache, prefix, strlen(prefix)) == dropped,
        "a prefix drops another number", -1);
}

static void retain(struct world *w, int key) {
  const vt_cache_value_t **slot = &w->retained[pick(w, RETAINED)];
  if (*slot)
    check(w, ((const struct value *)(*slot)->data)->alive,
          "what was retained is gone", key);
  vt_cache_release(*slot);
  *slot =
      vt_cache_retain(vt_cache_peek(w->cache, names[key], strlen(names[key])));
}

static void pin(struct world *w, int key) {
  bool there = model_peek(&w->m, key, now());
  bool pinned = w->m.keys[key].there && w->pins[key] != 0;
  size_t size = strlen(names[key]);
  if (pick(w, 2)) {
    int rc = vt_cache_pin(w->cache, names[key], size);
    check(w, (rc == 0) == there, "pins what is not there, or not", key);
    w->pins[key] += there;
  } else {
    int rc = vt_cache_unpin(w->cache, names[key], size);
    check(w, (rc == 0) == pinned, "unpins what is not pinned, or not", key);
    w->pins[key] -= pinned;
  }
}

/* ---- checks ---- */

/* What was evicted is known by its absence. */
static void notice_evictions(struct world *w) {
  if (w->m.options.max_entries == 0)
    return;
  for (int i = 0; i < MODEL_KEYS; i++) {
    if (!model_peek(&w->m, i, now()) ||
        vt_cache_peek(w->cache, names[i], strlen(names[i])))
      continue;
    check(w, w->pins[i] == 0, "what is pinned is evicted", i);
    model_evicted(&w->m, i);
  }
}

static void check_stats(struct world *w) {
  vt_cache_stats_t stats;
  uint64_t there = 0, waiting = 0, loading = 0, loads = 0;
  vt_cache_stats(w->cache, &stats);
  for (int i = 0; i < MODEL_KEYS; i++) {
    const struct model_key *k = &w->m.keys[i];
    if (!k->there)
      w->pins[i] = 0;
    there += k->there;
    waiting += k->waiting + k->later;
    loading += k->loading;
    loads += (uint64_t)k->loads;
    check(w, k->loads == w->load_counts[i], "a load too many, or none", i);
    check(w, k->cancels == w->gates[i].cancels, "another number of cancels", i);
    check(w, k->loading == (w->gates[i].op != NULL), "a key is stuck", i);
  }
  check(w, stats.waiting == waiting, "others wait", -1);
  check(w, stats.loading == loading && stats.loads == loads, "loads", -1);
  check(w, stats.hits == w->hits && stats.misses == w->misses, "hits", -1);
  check(w, stats.evictions == w->m.left[VT_CACHE_EVICTED], "evictions", -1);
  if (w->m.options.max_entries == 0)
    check(w, stats.entries == there, "entries", -1);
}

static void check_keys(struct world *w) {
  for (int i = 0; i < MODEL_KEYS; i++) {
    const vt_cache_value_t *value =
        vt_cache_peek(w->cache, names[i], strlen(names[i]));
    check(w, (value != NULL) == model_peek(&w->m, i, now()),
          "there, and should not be, or not there", i);
    if (value)
      check(w,
            ((const struct value *)value->data)->number == w->m.keys[i].value,
            "it has another value", i);
  }
}

/* After a turn. */
static void check_told(struct world *w) {
  for (int i = 0; i < WAITS; i++) {
    struct wait *wait = &w->waits[i];
    if (!wait->used)
      continue;
    check(w, wait->count == wait->told, "told too often, or never", wait->key);
    if (!wait->told)
      continue;
    check(w, wait->got.status == wait->status, "told another status",
          wait->key);
    check(w, wait->status != 0 || wait->got_value == wait->value,
          "told another value", wait->key);
    wait->used = false;
  }
}

/* ---- a round ---- */

static void step(struct world *w) {
  int key = (int)pick(w, MODEL_KEYS);
  unsigned what = pick(w, 100);
  if (what < 40)
    get(w, key);
  else if (what < 62)
    end_load(w, key);
  else if (what < 70)
    put(w, key);
  else if (what < 76)
    leave(w);
  else if (what < 84)
    invalidate(w, key, what % 2);
  else if (what < 86)
    invalidate_prefix(w, what % 2 ? names[key] : "a");
  else if (what < 94)
    retain(w, key);
  else if (what < 98)
    pin(w, key);
  else
    check(w, vt_cache_sweep(w->cache) == model_sweep(&w->m, now()),
          "a sweep drops another number", -1);
  notice_evictions(w);
  check_stats(w);
  check_keys(w);
}

static uint64_t maybe(struct world *w, unsigned most) {
  return pick(w, 2) ? 0 : 1 + pick(w, most);
}

/* Where there is a bound nothing goes by itself: what is evicted is known by
 * its absence. */
static void choose(struct world *w) {
  vt_cache_options_t *o = &w->m.options;
  o->load = load;
  o->drop = on_drop;
  o->left = on_left;
  o->arg = w;
  o->refresh_ms = maybe(w, 20);
  o->max_waiters = maybe(w, 4);
  o->flags = pick(w, 2) ? VT_CACHE_CANCEL : 0;
  if (pick(w, 3) == 0) {
    o->max_entries = 2;
    return;
  }
  o->ttl_ms = maybe(w, 30);
  o->idle_ms = maybe(w, 30);
  o->stale_ms = o->ttl_ms != 0 ? maybe(w, 30) : 0;
  o->fail_ms = maybe(w, 10);
}

static void finish(struct world *w) {
  for (int i = 0; i < RETAINED; i++)
    vt_cache_release(w->retained[i]);
  for (int i = 0; i < WAITS; i++)
    if (w->waits[i].used && !w->waits[i].told)
      tell(&w->waits[i], UV_ECANCELED, 0);
}

static void open_gates(struct world *w) {
  for (int i = 0; i < MODEL_KEYS; i++)
    if (w->gates[i].op)
      gate_open(&w->gates[i], (vt_result_t){UV_ECANCELED, {0}});
}

static void check_end(struct world *w) {
  uint64_t left = 0;
  for (int i = 0; i < 5; i++) {
    left += w->left[i];
    if (i != VT_CACHE_CLOSED)
      check(w, w->left[i] == w->m.left[i], "a reason is counted wrong", i);
  }
  check(w, left == w->m.stored, "a value has left unnoticed, or twice", -1);
  check(w, w->dropped == w->value_count, "a value is lost", -1);
}

struct round {
  vt_frame_t vt;
  struct world *w;
  vt_t closing;
  int i;
};

static vt_t round_body(void *frame) {
  struct round *f = frame;
  VT_BEGIN(f);
  for (f->i = 0; f->i < STEPS && !f->w->wrong[0]; f->i++) {
    step(f->w);
    if (pick(f->w, 2))
      continue;
    VT_TRY(f, vt_delay(1 + pick(f->w, 6)));
    check_told(f->w);
  }
  finish(f->w);
  f->closing = vt_cache_close_async(f->w->cache);
  open_gates(f->w);
  VT_TRY(f, f->closing);
  VT_TRY(f, vt_delay(1));
  check_told(f->w);
  check_end(f->w);
  VT_END(f);
}

static vt_t run_round(void *arg) {
  struct world *w = arg;
  struct round f = {.w = w};
  choose(w);
  int rc = vt_cache_new(&w->m.options, &w->cache);
  return rc == 0 ? vt_start_boxed(&f, sizeof f, round_body) : vt_failed(rc);
}

int main(void) {
  static struct world w;
  const char *runs = getenv("VT_RUNS");
  int rounds = runs ? atoi(runs) : 400;
  vt_sim_result_t result;
  for (int i = 1; i <= rounds; i++) {
    vt_sim_options_t sim = {.seed = (uint64_t)i};
    memset(&w, 0, sizeof w);
    w.random = (uint32_t)i * 2654435761u;
    int64_t status = vt_sim_run(&sim, run_round, &w, &result);
    if (status == 0 && !w.wrong[0])
      continue;
    fprintf(stderr, "round %d: %s%s\n", i, w.wrong,
            status != 0 ? result.text : "");
    return 1;
  }
  printf("%d rounds of %d operations\n", rounds, STEPS);
  return 0;
}
