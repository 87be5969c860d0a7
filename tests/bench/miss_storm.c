/* SPDX-License-Identifier: MIT */
/* miss_storm: 10,000 callers ask an empty cache for 1000 keys in one turn of
 * the loop, each of which takes a millisecond to load. */
#include "benches.h"
#include "uv_loop.h"

#define CALLERS 10000u
#define KEYS 1000u
#define LOAD_MS 1

struct storm {
  vt_cache_t *cache;
  uint64_t loads, right; /* the loader's own count; right answers */
  uint64_t answers;
};

struct load_frame {
  vt_frame_t vt;
  struct storm *storm;
  vt_cache_load_t *load;
};

static vt_t load_body(void *frame) {
  struct load_frame *f = frame;
  VT_BEGIN(f);
  f->storm->loads++;
  VT_TRY(f, vt_delay(LOAD_MS));
  size_t size;
  const void *key = vt_cache_load_key(f->load, &size);
  VT_RETURN(f, vt_cache_load_put(f->load, key, size));
  VT_END(f);
}

static vt_t load(void *arg, vt_cache_load_t *one) {
  struct load_frame f = {.storm = arg, .load = one};
  return vt_start(&f, load_body);
}

struct caller {
  struct storm *storm;
  uint64_t key;
};

static void on_value(void *arg, vt_result_t r) {
  const struct caller *c = arg;
  const vt_cache_value_t *value = vt_cache_value(r);
  c->storm->answers++;
  if (value && value->size == sizeof c->key &&
      *(const uint64_t *)value->data == c->key)
    c->storm->right++;
}

static void ask_all(struct storm *s, struct caller *callers) {
  for (uint64_t i = 0; i < CALLERS; i++) {
    callers[i] = (struct caller){s, i % KEYS};
    vt_await(vt_cache_get(s->cache, &callers[i].key, sizeof callers[i].key),
             on_value, &callers[i]);
  }
}

static int storm_run(struct bench_uv *l, struct storm *s, double *out_ns) {
  static struct caller callers[CALLERS];
  vt_cache_options_t options = {.load = load, .arg = s};
  int rc = vt_cache_new(&options, &s->cache);
  if (rc != 0)
    return rc;
  uint64_t start = bench_cpu_ns();
  ask_all(s, callers);
  uv_run(&l->uv, UV_RUN_DEFAULT);
  *out_ns = (double)(bench_cpu_ns() - start) / CALLERS;
  vt_result_t closed = vt_loop_run(l->vt, vt_cache_close_async(s->cache));
  return (int)closed.status;
}

void bench_miss_storm(struct bench *b) {
  struct storm s = {.loads = 0};
  struct bench_uv l;
  double ns = 0;
  int rc = bench_uv_open(&l);
  if (rc == 0) {
    rc = storm_run(&l, &s, &ns);
    int closed = bench_uv_close(&l);
    rc = rc != 0 ? rc : closed;
  }
  if (rc != 0 || s.answers != CALLERS || s.right != CALLERS) {
    bench_fail(b, "miss_storm", "a caller has no answer, or a wrong one");
    return;
  }
  struct bench_line line = {
      .bench = "miss_storm",
      .metric = "loads",
      .value = (double)s.loads,
      .baseline = "keys",
      .baseline_value = KEYS,
      .limit = KEYS,
  };
  bench_print(b, &line);
  line = (struct bench_line){.bench = "miss_storm",
                             .metric = "ns",
                             .value = ns,
                             .baseline = "",
                             .limit = BENCH_SHOWN};
  bench_print(b, &line);
}
