/* SPDX-License-Identifier: MIT */
/* miss_storm: many callers at once of a few keys that are not there: how many
 * loads a key there are, and what a caller costs. */
#include <vt.h>

#include "benches.h"
#include "uv_loop.h"

enum { CALLERS = 10000, KEYS = 1000 };

struct storm {
  uint64_t told;
  uint64_t loads;
};

struct load_frame {
  vt_frame_t vt;
  vt_cache_load_t *load;
};

static vt_t load_body(void *frame) {
  struct load_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, vt_delay(1));
  VT_RETURN(f, vt_cache_load_put(f->load, "value", 5));
  VT_END(f);
}

static vt_t load(void *storm, vt_cache_load_t *l) {
  struct load_frame f = {.load = l};
  ((struct storm *)storm)->loads++;
  return vt_start(&f, load_body);
}

static void on_value(void *storm, vt_result_t r) {
  ((struct storm *)storm)->told += vt_cache_value(r) != NULL;
}

static int run_storm(struct bench_uv *l, struct storm *s) {
  vt_cache_options_t options = {.load = load, .arg = s};
  vt_cache_t *cache;
  int rc = vt_cache_new(&options, &cache);
  if (rc != 0)
    return rc;
  for (uint32_t i = 0; i < CALLERS; i++) {
    uint32_t key = i * 7 % KEYS;
    vt_await(vt_cache_get(cache, &key, sizeof key), on_value, s);
  }
  rc = uv_run(&l->uv, UV_RUN_DEFAULT);
  vt_forget(vt_cache_close_async(cache));
  return rc == 0 && s->told == CALLERS ? 0 : -1;
}

void bench_miss_storm(struct bench *b) {
  struct storm storm = {0, 0};
  struct bench_line line = {.bench = "miss_storm",
                            .metric = "loads a key",
                            .baseline = "one load",
                            .baseline_value = 1,
                            .limit = 1};
  struct bench_uv *l = bench_uv_shared();
  if (!l || run_storm(l, &storm) != 0) {
    bench_fail(b, line.bench, "a caller was not told");
  } else {
    line.value = (double)storm.loads / KEYS;
    bench_print(b, &line);
  }
  bench_uv_shared_close();
}
