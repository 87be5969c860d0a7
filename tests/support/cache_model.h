/* SPDX-License-Identifier: MIT */
/* A naive cache of a few keys, with times and loads: what the real one is
 * compared with. Values are numbers. */
#ifndef VT_TEST_CACHE_MODEL_H
#define VT_TEST_CACHE_MODEL_H

#include <vt.h>

enum { MODEL_KEYS = 6 };

enum model_answer {
  MODEL_HIT,    /* a value in hand */
  MODEL_FAILED, /* a failure in hand */
  MODEL_WAITS,  /* for what is under way */
  MODEL_LATER,  /* for the load after that */
  MODEL_BUSY    /* too many wait */
};

struct model_key {
  bool there;
  int value;
  int64_t status; /* of a failure that is kept */
  uint64_t fresh, end, refresh, used;
  bool loading, background, unwanted, cancelled;
  unsigned waiting, later;
  int loads;   /* begun */
  int cancels; /* asked for */
};

struct model {
  vt_cache_options_t options;
  struct model_key keys[MODEL_KEYS];
  uint64_t left[5];
  uint64_t stored;
};

/* What the end of a load does to those who wait. */
struct model_end {
  bool later_too; /* they are told the same */
  bool again;     /* they wait for another load */
};

enum model_answer model_get(struct model *m, int key, uint64_t now);
bool model_peek(const struct model *m, int key, uint64_t now);
void model_put(struct model *m, int key, int value, uint64_t now);
/* Whether it was there. */
bool model_invalidate(struct model *m, int key);
struct model_end model_end_load(struct model *m, int key, int64_t status,
                                int value, uint64_t now);
void model_leave(struct model *m, int key, bool later);
uint64_t model_sweep(struct model *m, uint64_t now);
void model_evicted(struct model *m, int key);

#endif
