/* SPDX-License-Identifier: MIT */
/* Races of real libuv with the loop: operations of one kind, begun by the batch
 * and then awaited, cancelled, forgotten, withdrawn, bounded by a timeout or a
 * scope, with their object closed under them, at random moments. */
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
  void *object;     /* that it stands on; NULL: none, or closed */
  int peer;         /* the other side of the object, or -1 */
  int own;          /* a descriptor that the object borrows */
  vt_t sending;     /* work that uses the object; in hand: none */
  union {
    unsigned char bytes[2048];
    vt_nameinfo_t names;
    uv_stat_t stat;
  } room; /* what an operation may fill until its outcome, and not after it */
};

struct race_kind {
  const char *name;
  vt_t (*begin)(struct attempt *a, uv_file file);

  /* Optional. Makes what the operation waits for; at any time. */
  void (*event)(struct attempt *a);

  /* Closes the object; for those that have one. */
  vt_t (*close)(struct attempt *a);

  /* Another status that a close under the operation may bring; 0: none. */
  int also;

  /* One of so many is run; 0: all. */
  uint64_t cost;

  /* Optional. Takes the success that an awaiter was given. */
  void (*take)(struct attempt *a);

  /* Optional. What is wrong with an awaited outcome; NULL: nothing. */
  const char *(*check)(const struct attempt *a);
};

/* Those of libuv's pool, and those with an object or a time; the last one of
 * each has no name. */
extern const struct race_kind race_pool[];
extern const struct race_kind race_objects[];

#endif
