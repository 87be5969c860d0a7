/* SPDX-License-Identifier: MIT */
/* A snapshot shared by loops, inside. */
#ifndef VT_CACHE_SHARED_SNAPSHOT_H
#define VT_CACHE_SHARED_SNAPSHOT_H

#include "cache/circle.h"
#include "cache/snapshot.h"
#include "vt/shared_snapshot.h"

/* A value, counted by the shared snapshot while it is current, by the versions
 * of the fronts, and on its way to them. */
typedef struct vt__share {
  _Atomic size_t references;
  void *value;
  vt_snapshot_drop_fn *drop;
  void *arg;
  uint64_t until;
  uint64_t stale_until;
} vt__share_t;

struct vt_shared_snapshot {
  vt__circle_t circle; /* first */
  _Atomic size_t references;
  vt_snapshot_options_t options;
  /* by the circle's lock */
  vt__share_t *current; /* or NULL */
  uint64_t changes;     /* of current */
  uint64_t load;        /* the number of the last that has begun */
  bool loading;
  bool spoiled;
  int64_t failed; /* what the last load failed with, kept */
  uint64_t failed_until;
  vt_snapshot_stats_t stats;
};

typedef struct vt__front {
  vt__snapshot_t snapshot; /* first */
  vt__member_t member;
  vt_shared_snapshot_t *shared;
  /* Its load, whoever runs it. */
  vt_op_t *wait;      /* what its snapshot awaits; NULL: none */
  bool runs;          /* it runs it itself: */
  vt_t load;          /* of the user's loader */
  vt__share_t *share; /* for its value */
  uint64_t begun_ns;
  bool starts;    /* is queued to ask again */
  bool cancelled; /* in that queue */
  /* by the lock */
  uint64_t seen;       /* changes */
  bool waits;          /* for another front's load, */
  uint64_t wants;      /* of this number or a later one */
  bool told;           /* and has this outcome: */
  vt_result_t outcome; /* a share, counted */
} vt__front_t;

/* A share without its value, counted once; NULL without memory. */
vt__share_t *vt__share_new(const vt_shared_snapshot_t *s);
/* Gives it its value, from now on. */
void vt__share_set(vt__share_t *share, const vt_shared_snapshot_t *s,
                   void *value);
vt__share_t *vt__share_ref(vt__share_t *share);
void vt__share_unref(vt__share_t *share);

/* By the lock, outside of which the share that it gives must be unreferenced:
 * share, whose reference it takes, or NULL is current. */
vt__share_t *vt__shared_swap(vt_shared_snapshot_t *s, vt__share_t *share);

/* The loader of a front, whose arg is the front. */
vt_t vt__front_load(void *front);

/* What the front is to look at: its circle's. */
void vt__front_look(vt__member_t *member);

#endif
