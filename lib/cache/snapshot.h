/* SPDX-License-Identifier: MIT */
/* A snapshot inside: the part that is one loop's. */
#ifndef VT_CACHE_SNAPSHOT_H
#define VT_CACHE_SNAPSHOT_H

#include "core/retire.h"
#include "sync/wait_list.h"
#include "vt/snapshot.h"

/* A value, counted on its loop: by the snapshot while it is current, and by
 * each wait that was handed it, until its result is taken. */
typedef struct vt__version {
  vt__retired_t retired; /* first */
  vt_loop_t *loop;
  uint32_t count;
  void *value; /* as gets give it */
  void *owned; /* what was loaded, and is to be dropped: mostly the same */
  vt_snapshot_drop_fn *drop;
  void *arg;
} vt__version_t;

typedef struct vt__snapshot vt__snapshot_t;

/* What is behind a snapshot that is not all by itself. */
typedef struct vt__snapshot_back {
  /* The value in what the loader gave, and its times. */
  void *(*open)(const void *owned, uint64_t *out_until,
                uint64_t *out_stale_until);
  int (*put)(vt__snapshot_t *s, void *value);
  int (*invalidate)(vt__snapshot_t *s);
  /* It is closed, and no load is under way. */
  void (*close)(vt__snapshot_t *s);
  /* Its memory may go. */
  void (*release)(vt__snapshot_t *s);
} vt__snapshot_back_t;

struct vt__snapshot {
  vt_snapshot_t public; /* first */
  vt__retired_t retired;
  const vt__snapshot_back_t *back; /* NULL: nothing */
  vt_loop_t *loop;
  vt_snapshot_options_t options;
  vt__version_t *version; /* current, or NULL */
  uint64_t stale_until;   /* it is served until then */
  bool stale;             /* until was put off, for a load in the background */
  int64_t failed;         /* what the last load failed with, kept */
  uint64_t failed_until;

  /* The load. */
  bool loading;
  bool calling;    /* the loader is on the stack */
  bool spoiled;    /* its value is not to be kept */
  bool cancelled;  /* nobody is to join it */
  bool background; /* goes on though nobody waits */
  bool refreshing; /* while the loader is called for a refresh */
  vt_t load;
  vt__version_t *spare; /* for its value */
  uint64_t begun_ns;
  struct vt__waiting {
    vt_wait_list_t list;
    struct vt__snapshot *owner;
  } waiting[2]; /* for it, and for the one after it, */
  uint8_t now;  /* which change places when it is over */
  vt_snapshot_stats_t stats;

  bool closed;
  bool ended;      /* and no load is under way */
  bool over;       /* retired */
  vt_op_t *closer; /* completes when the load is over; NULL: nobody asks */
};

/* Zeroed memory becomes a snapshot of this thread's loop. */
void vt__snapshot_init(vt__snapshot_t *s, const vt_snapshot_options_t *options,
                       const vt__snapshot_back_t *back);

/* 0, or what is wrong with these. */
int vt__snapshot_check(const vt_snapshot_options_t *options);

/* Awaits what a loader has returned: true, or false when it is over, with what
 * it gave in *out. */
bool vt__load_await(vt_t v, vt_continuation_fn *k, void *state,
                    vt_result_t *out);

/* vt_snapshot_put and vt_snapshot_invalidate of this one alone. */
int vt__snapshot_put(vt__snapshot_t *s, void *owned);
void vt__snapshot_forget(vt__snapshot_t *s);

#endif
