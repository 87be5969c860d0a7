/* SPDX-License-Identifier: MIT */
/* Races for what a cache loads: never two loads of a key, nobody gets what was
 * loaded before it was invalidated, nobody's end is another's, and every value
 * goes once, when nobody has it. */
#include "sim/waits.h"

enum { KEYS = 3, VALUES = 512 };

/* ---- the world ---- */

struct value {
  unsigned key;
  uint64_t begun; /* when its load was */
  bool alive;
};

struct caches {
  struct waits waits;
  vt_cache_t *cache;
  uint64_t clock;             /* of invalidations and loads */
  uint64_t invalidated[KEYS]; /* last */
  unsigned inside[KEYS];      /* loads under way */
  struct value values[VALUES];
  unsigned value_count;
  unsigned dropped;
  unsigned closed; /* told */
  bool fails;
};

static struct caches *caches_of(struct waits *all) {
  return (struct caches *)all;
}

static unsigned pick(struct caches *c, unsigned n) {
  return schedule_pick(&c->waits.schedule, n);
}

static void expect(struct caches *c, bool holds, const char *rule) {
  if (!holds)
    waits_wrong(&c->waits, rule);
}

static struct value *new_value(struct caches *c, unsigned key) {
  struct value *value = &c->values[c->value_count++ % VALUES];
  *value = (struct value){.key = key, .begun = ++c->clock, .alive = true};
  return value;
}

static void on_drop(void *caches, void *data) {
  struct caches *c = caches;
  struct value *value = data;
  expect(c, value->alive, "a value went twice");
  value->alive = false;
  c->dropped++;
}

/* ---- loads ---- */

struct load_frame {
  vt_frame_t vt;
  struct caches *c;
  vt_cache_load_t *load;
  unsigned key;
  struct value *value;
};

static vt_t load_body(void *frame) {
  struct load_frame *f = frame;
  VT_BEGIN(f);
  expect(f->c, f->c->inside[f->key]++ == 0, "two loads of a key");
  VT_TRY(f, vt_delay(pick(f->c, 4)));
  if (f->c->fails && pick(f->c, 4) == 0)
    VT_RETURN(f, vt_failed(f->c->waits.status));
  VT_TRY(f, vt_cache_load_put(f->load, f->value, 1));
  f->value = NULL;
  VT_RETURN(f, vt_delay(pick(f->c, 2)));
  VT_FINALLY(f);
  if (f->value)
    on_drop(f->c, f->value);
  VT_TRY(f, vt_delay(pick(f->c, 2)));
  f->c->inside[f->key]--;
  VT_END(f);
}

static vt_t load(void *caches, vt_cache_load_t *l) {
  struct caches *c = caches;
  unsigned key = *(const unsigned char *)vt_cache_load_key(l, NULL);
  struct load_frame f = {.c = c, .load = l, .key = key};
  f.value = new_value(c, key);
  return vt_start(&f, load_body);
}

static void open_with(struct waits *all, unsigned flags, bool fails) {
  struct caches *c = caches_of(all);
  vt_cache_options_t options = {
      .load = load,
      .drop = on_drop,
      .arg = c,
      .ttl_ms = pick(c, 4),
      .refresh_ms = pick(c, 3),
      .stale_ms = pick(c, 3),
      .max_entries = pick(c, 3),
      .flags = flags,
  };
  all->status = UV_ECANCELED; /* a close's */
  c->fails = fails;
  c->clock = c->value_count = c->dropped = c->closed = 0;
  for (unsigned i = 0; i < KEYS; i++)
    c->inside[i] = 0, c->invalidated[i] = 0;
  expect(c, vt_cache_new(&options, &c->cache) == 0, "not opened");
}

static void kept_open(struct waits *all) { open_with(all, 0, false); }
static void cancelled_open(struct waits *all) {
  open_with(all, VT_CACHE_CANCEL, false);
}
static void failing_open(struct waits *all) {
  open_with(all, VT_CACHE_CANCEL, true);
}

/* ---- who gets ---- */

/* about: the key, and when it was invalidated last. */
static vt_t cache_begin(struct wait *w) {
  struct caches *c = caches_of(w->all);
  unsigned char key = (unsigned char)pick(c, KEYS);
  w->about = c->invalidated[key] * KEYS + key;
  return vt_cache_get(c->cache, &key, 1);
}

/* What is looked at late, or kept until others are over, is to be retained. */
static void cache_got(struct wait *w) {
  struct caches *c = caches_of(w->all);
  const vt_cache_value_t *given = w->value.p;
  if (w->actor == COMES_LATE || w->setting == ALL || w->setting == ANY ||
      w->left)
    return;
  const struct value *value = given->data;
  expect(c, value->alive, "it was gone");
  expect(c, value->key == w->about % KEYS, "another key's");
  expect(c, value->begun > w->about / KEYS, "loaded before it was invalidated");
}

static void on_other(void *caches, vt_result_t r) {
  struct caches *c = caches;
  if (r.status == 0)
    expect(c, ((const struct value *)vt_cache_value(r)->data)->alive,
           "another's was gone");
}

static void invalidate(struct caches *c, unsigned char key) {
  c->invalidated[key] = ++c->clock;
  vt_cache_invalidate(c->cache, &key, 1);
}

static void cache_act(struct waits *all) {
  struct caches *c = caches_of(all);
  unsigned char key = (unsigned char)pick(c, KEYS);
  if (!c->cache)
    return;
  switch (pick(c, 4)) {
  case 0:
    invalidate(c, key);
    break;
  case 1:
    expect(c, vt_cache_put(c->cache, &key, 1, new_value(c, key), 1) == 0,
           "not put");
    break;
  case 2:
    vt_await(vt_cache_get(c->cache, &key, 1), on_other, c);
    break;
  default:
    vt_cache_sweep(c->cache);
  }
}

/* ---- the end ---- */

static void nothing(struct waits *all) { (void)all; }

static void on_closed(void *caches, vt_result_t r) {
  struct caches *c = caches;
  c->closed += r.status == 0;
  for (unsigned i = 0; i < KEYS; i++)
    expect(c, c->inside[i] == 0, "closed, and something loads");
}

static void cache_close(struct waits *all, int64_t status) {
  struct caches *c = caches_of(all);
  (void)status;
  if (c->cache)
    vt_await(vt_cache_close_async(c->cache), on_closed, c);
  c->cache = NULL;
}

static void cache_check(struct waits *all) {
  struct caches *c = caches_of(all);
  vt_cache_stats_t stats;
  if (!c->cache)
    return;
  vt_cache_stats(c->cache, &stats);
  expect(c, stats.loading + stats.waiting == 0, "a key is stuck");
}

static void cache_end(struct waits *all) {
  struct caches *c = caches_of(all);
  expect(c, c->closed == 1, "not told of the close once");
  expect(c, c->dropped == c->value_count, "a value is left");
}

/* ---- main ---- */

#define KIND(kind_name, kind_open, may_fail)                                   \
  {                                                                            \
    .name = (kind_name), .open = (kind_open), .begin = cache_begin,            \
    .got = cache_got, .act = cache_act, .finish = nothing,                     \
    .close = cache_close, .check = cache_check, .end = cache_end,              \
    .settles = true, .fails = (may_fail)                                       \
  }

static const struct waits_kind kinds[] = {
    KIND("cache", kept_open, false),
    KIND("cancelling cache", cancelled_open, false),
    KIND("failing cache", failing_open, true),
};

static vt_t race(void *caches) {
  return waits_run(caches, kinds, sizeof kinds / sizeof *kinds);
}

int main(int argc, char **argv) {
  static struct caches caches;
  const struct races races = {.name = "sim/caches",
                              .world = &caches,
                              .size = sizeof caches,
                              .body = race,
                              .has_met_all = waits_have_met_all,
                              .count = 20000};
  return schedule_main(argc, argv, &races);
}
