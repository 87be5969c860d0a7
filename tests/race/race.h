/* SPDX-License-Identifier: MIT */
/* Races of libuv's pool with the loop: operations of one kind, begun by the
 * batch and then awaited, cancelled, forgotten, withdrawn, bounded by a timeout
 * or a scope, at random moments. */
#ifndef VT_TEST_RACE_H
#define VT_TEST_RACE_H

#include <stdatomic.h>
#include <vt.h>

/* What one operation of a batch uses, and what became of it. Alive until the
 * batch is over. */
struct attempt {
  vt_t v;
  struct batch *batch;
  int plan;
  int outcomes;
  bool withdrawn;   /* vt_await_stop said that the continuation never runs */
  vt_result_t last; /* outcome */
  _Atomic int runs; /* of a work function */
  union {
    unsigned char bytes[2048];
    vt_nameinfo_t names;
    uv_stat_t stat;
  } room; /* what an operation may fill until its outcome, and not after it */
};

struct race_kind {
  const char *name;
  vt_t (*begin)(struct attempt *a, uv_file file);

  /* Optional. Takes the success that an awaiter was given. */
  void (*take)(struct attempt *a);

  /* Optional. What is wrong with an awaited outcome; NULL: nothing. */
  const char *(*check)(const struct attempt *a);
};

/* Those of libuv's pool; the last one has no name. */
extern const struct race_kind race_kinds[];

#endif
