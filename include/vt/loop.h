/* SPDX-License-Identifier: MIT */
/* A vt loop is a guest on the user's uv_loop_t: one a thread. It owns the
 * pools, the ready queue, one async, one idle and one timer handle, and touches
 * neither loop->data nor any handle's data of the user's. Attached and idle it
 * keeps no loop alive; while an operation, a delay, a queued continuation or an
 * await of a task or of a user's source is pending, uv_run stays.
 *
 * All functions are for the loop's own thread. */
#ifndef VT_LOOP_H
#define VT_LOOP_H

#include "vt/report.h"
#include "vt/source.h"

#ifdef __cplusplus
extern "C" {
#endif

struct uv_loop_s;

/* Runs when a detach is complete: the vt loop is freed, uv_loop_close gives 0
 * as far as vt is concerned. */
typedef void vt_detach_fn(struct uv_loop_s *uv);

/* Attaches to uv on the thread that runs it, and makes the loop current there;
 * gives *out (vt_loop_detach). Again to the same one: counted, the same loop.
 * UV_EBUSY when this thread has another, UV_EINVAL, UV_ENOMEM, or what libuv
 * answers. Ignores SIGPIPE for the process where its disposition is the default
 * one (libuv's writes to a gone peer would kill it). */
VT_API int vt_loop_attach(struct uv_loop_s *uv, vt_loop_t **out);

/* Makes libuv's table of descriptors as long as the limit of them asks for
 * (RLIMIT_NOFILE; 16 KiB for 1024, at most 128 KiB, for 16381), because libuv
 * aborts the process when it has no memory for that later. For servers, once,
 * after the attach and after raising the limit. It ends in the next turn of the
 * loop, until when uv_loop_alive counts it. UV_ENOMEM, UV_EMFILE, VT_ETHREAD,
 * UV_EINVAL for NULL: nothing has changed. */
VT_API int vt_loop_reserve(vt_loop_t *loop);

/* Undoes one attach. The last one refuses with UV_EBUSY, and a report for each,
 * while operations or awaits are left (vt_loop_walk lists them), nothing
 * changed; else it reports and drops what was never taken (UV_EBUSY if that
 * began something, such as closing a file), closes its handles, and frees all
 * when uv_run has turned once more; then calls cb, which may be NULL. After
 * it only results in hand and static tasks may be touched. UV_EBUSY inside
 * vt_loop_run, VT_ETHREAD on another thread, UV_EINVAL for NULL. */
VT_API int vt_loop_detach(vt_loop_t *loop, vt_detach_fn *cb);

/* The loop attached on this thread, or NULL. */
VT_API vt_loop_t *vt_loop_current(void);

/* The uv_loop_t that it is attached to. Borrows. */
VT_API struct uv_loop_s *vt_loop_uv(const vt_loop_t *loop);

/* Runs the uv loop until v completes, and takes its result: for main and for
 * tests. VT_EPENDING when uv_run has nothing left to wait for: the continuation
 * is withdrawn, v forgotten; a uv_stop before that does not end it. UV_EBUSY, v
 * untouched, when called by a continuation or inside another vt_loop_run
 * (libuv's uv_run is not re-entrant); inside a uv_run of your own it cannot be
 * told: do not. */
VT_API vt_result_t vt_loop_run(vt_loop_t *loop, vt_t v);

typedef struct {
  uint64_t pending;   /* operations, async functions and awaits not complete */
  uint64_t untaken;   /* complete, their result not taken */
  uint64_t pooled;    /* free blocks that the pools keep */
  uint64_t allocated; /* bytes that the loop's pools hold of the allocator */
  uint64_t continuations; /* run since the attach */
  uint64_t queued;        /* continuations in the ready queue */
  uint64_t misuse;        /* calls answered with a VT_E... status */
  uint64_t reports;       /* reports made, with or without a report function */
} vt_loop_stats_t;

/* Reads the counters into out. What is pending is counted block by block, so
 * that operations need not count themselves: as long as a walk. */
VT_API void vt_loop_stats(const vt_loop_t *loop, vt_loop_stats_t *out);

/* One pending operation, as vt_loop_walk shows it. The pointers are borrowed
 * until the call returns. */
typedef struct vt_loop_entry {
  const char *kind;    /* "delay", "fs_read", "async function", … */
  const char *subject; /* a path, an address, …; "" where there is none */
  uint64_t age_ms;     /* since it began; of a delay to one part in 2048 */
  bool completed;      /* its result waits to be taken */
  bool awaited;        /* a continuation is registered */
  const char *file;    /* where it was made, under VT_DEBUG; else NULL */
  unsigned line;
} vt_loop_entry_t;

typedef void vt_loop_walk_fn(void *arg, const vt_loop_entry_t *entry);

/* Calls fn for each operation, async function and await of the loop that is not
 * over, in no order. fn must not begin or complete anything. */
VT_API void vt_loop_walk(vt_loop_t *loop, vt_loop_walk_fn *fn, void *arg);

/* Sets what is called for each report (<vt/report.h>), with arg; NULL: only
 * counters. Borrows arg until replaced. */
VT_API void vt_loop_set_report(vt_loop_t *loop, vt_report_fn *fn, void *arg);

/* One line of source where value tasks were awaited, under VT_DEBUG. */
typedef struct vt_loop_site {
  const char *file;
  unsigned line;
  uint64_t in_hand; /* value tasks awaited there that were in hand */
  uint64_t waited;  /* and those that were not */
} vt_loop_site_t;

typedef void vt_loop_site_fn(void *arg, const vt_loop_site_t *site);

/* Calls fn for each line of files compiled with -DVT_DEBUG that awaited on this
 * loop: the profile by which one decides between a task and a value task (a
 * line with nothing in hand gains nothing from value tasks). */
VT_API void vt_loop_report_sites(vt_loop_t *loop, vt_loop_site_fn *fn,
                                 void *arg);

/* Private, for <vt_sim.h>. The thread lets go of the loop as it is: nothing of
 * it runs again, and its memory must stay, as must the uv loop's. */
VT_API void vt__loop_abandon(vt_loop_t *loop);
/* Tasks of the process that are not released, and those that loops keep for
 * reuse. */
VT_API uint64_t vt__tasks_alive(void);

#ifdef __cplusplus
}
#endif
#endif
