/* SPDX-License-Identifier: MIT */
/* Tests on a simulated libuv: virtual time, a schedule chosen by a seed, and
 * injected faults. Not part of vt.h: a test program includes it and links
 * vt::sim, a static library that defines libuv's own functions in place of
 * libuv's. vt and the code under test run unchanged.
 *
 * What is simulated: loops, timers, idle, prepare, check and async handles,
 * uv_queue_work and uv_cancel, uv_fs_open, _read, _write, _close, _fstat,
 * _fsync and _fdatasync, uv_hrtime, uv_sleep and uv_random without a callback,
 * from the seed. All else that begins something (streams, names, processes, the
 * other uv_fs_*) answers UV_ENOSYS, though a TCP handle can be made and closed.
 * The wall clock is the real one. The program links the shared libuv; a static
 * one defines the same names a second time.
 *
 * Time is virtual: it moves when uv_run has nothing to do until the next timer
 * or completion, a few microseconds at every other turn, and in uv_sleep. It
 * stands while code runs, but that who reads uv_hrtime a hundred thousand times
 * over sees it pass.
 *
 * A request (work, files) begins and ends at moments that the seed chooses, in
 * any order of those under way, and can be cancelled until it begins. There are
 * no threads: the function of uv_queue_work runs on the loop's thread, and
 * files are the real ones. Timers due together keep libuv's order.
 *
 * Each thread has a clock and a schedule of its own. uv_async_send may come
 * from any real thread; what real threads do is outside of virtual time. */
#ifndef VT_SIM_H
#define VT_SIM_H

#include <vt.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a simulation is; zeroed it is valid. Percentages are of requests, and of
 * those with a callback only; above 100 is 100. */
typedef struct vt_sim_options {
  uint64_t seed;        /* of the schedule and of the faults */
  uint64_t limit_ms;    /* of virtual time; 0: a day */
  uint64_t limit_turns; /* of the loop; 0: ten million */
  uint64_t threads_ms;  /* real time that a loop with nothing else to do waits
                           for uv_async_send of real threads; 0: none come */
  unsigned latency_ms;  /* the longest that a request takes; 0: 3 */
  unsigned fs_error_percent;    /* open, read, write, fstat and the syncs fail
                                   and do nothing; close fails having closed */
  unsigned short_read_percent;  /* a read gives less than there is */
  unsigned short_write_percent; /* a write takes less than it was given */
} vt_sim_options_t;

/* What went wrong beside the body's own status: the first that was noticed.
 * Negative, and unlike libuv's and vt's. */
typedef enum vt_sim_errno {
  VT_SIM_ELEAK = -20101,         /* memory of vt's, a task say, is left */
  VT_SIM_EUNOBSERVED = -20102,   /* a task's failure that nobody looked at */
  VT_SIM_EFORGOTTEN = -20103,    /* a failure dropped by vt_forget */
  VT_SIM_ENEVERAWAITED = -20104, /* a value task that nobody took */
  VT_SIM_EDROPPED = -20105,      /* a promise freed before it was completed */
  VT_SIM_EUNFINISHED = -20106,   /* a virtual second after the body's end there
                                    is work, or a handle is open */
  VT_SIM_EDEADLOCK = -20107,     /* nothing will ever happen */
  VT_SIM_ELIMIT = -20108         /* limit_ms or limit_turns passed */
} vt_sim_errno_t;

typedef struct vt_sim_result {
  int64_t status;     /* what vt_sim_run answers */
  uint64_t seed;      /* of this run */
  uint64_t passed_ms; /* virtual time to the body's end */
  uint64_t turns;     /* of the loop, to the body's end */
  vt_value_t value;   /* the body's */
  char text[400];     /* the failure as a sentence; empty without one */
} vt_sim_result_t;

/* Begins what is tested; the simulation ends when its value task completes. It
 * must leave nothing behind, as if the program ended: arg is the place for what
 * it has to report, and is set up by the body itself, once a seed. */
typedef vt_t vt_sim_body_fn(void *arg);

/* Opens a loop, attaches vt on this thread, runs the body to its end in virtual
 * time, detaches and closes. The same options and body do the same, moment for
 * moment. 0, else the body's own negative status, or a VT_SIM_E...; UV_EBUSY
 * when a vt loop is attached here, UV_EINVAL for a body NULL, UV_ENOMEM.
 * options NULL: zeroed. Borrows arg; fills out, which may be NULL. Prints
 * nothing. Leaks are counted for the whole process: no other thread should use
 * vt meanwhile. When the body cannot be ended (unfinished, deadlock, limit) its
 * continuations never run and the loop's memory is kept, so that what still
 * points to it is harmless. */
int vt_sim_run(const vt_sim_options_t *options, vt_sim_body_fn *body, void *arg,
               vt_sim_result_t *out);

/* vt_sim_run with count seeds from options->seed on, until one fails: its
 * status and, in out, its seed, with which vt_sim_run repeats it. 0 when none
 * fails; out is then of the last. UV_EINVAL for count 0. */
int vt_sim_search(const vt_sim_options_t *options, uint64_t count,
                  vt_sim_body_fn *body, void *arg, vt_sim_result_t *out);

/* The name of a status ("VT_SIM_ELEAK"), or what vt_err_name answers. */
const char *vt_sim_err_name(int64_t status);

#ifdef __cplusplus
}
#endif
#endif
