/* SPDX-License-Identifier: MIT */
/* The simulated libuv inside. The public structs are libuv's; what the
 * simulator keeps lies in their private fields and in one struct a loop. All
 * object files need each other, so that a program gets all of them or none. */
#ifndef VT_SIM_INSIDE_H
#define VT_SIM_INSIDE_H

#include "vt_sim.h"

#define VT__SIM_MS UINT64_C(1000000)
#define VT__SIM_START (1000 * VT__SIM_MS)

/* What ended a run of the loop before its time. */
typedef enum vt__sim_over {
  VT__SIM_ON,
  VT__SIM_STUCK, /* nothing will ever happen */
  VT__SIM_LIMIT  /* the next thing is past the limit */
} vt__sim_over_t;

/* A thread's clock and schedule. */
typedef struct vt__sim_world {
  uint64_t clock; /* nanoseconds; 0: not begun */
  uint64_t reads; /* of it, since it moved */
  uint64_t random;
  bool simulated; /* vt_sim_run is on the stack: the limits count */
  vt__sim_over_t over;
  uint64_t until; /* nanoseconds */
  uint64_t turns;
  uint64_t last_turn;
  vt_sim_options_t options;
} vt__sim_world_t;

extern _Thread_local vt__sim_world_t vt__sim_world;

/* Bits of uv_handle_t.flags; libuv's own values. */
enum {
  VT__SIM_CLOSING = 1,
  VT__SIM_CLOSED = 2,
  VT__SIM_ACTIVE = 4,
  VT__SIM_REF = 8
};

/* Places in uv_handle_t.u.reserved: two rings, each next and previous. */
enum { VT__SIM_ALL = 0, VT__SIM_STARTED = 2 };

/* A request under way: it begins at one moment and ends at another. */
typedef struct vt__sim_event {
  uint64_t at;   /* nanoseconds */
  uint64_t key;  /* random: the order among those of one moment */
  uint64_t id;   /* in the order of submission */
  uint64_t span; /* from begin to end */
  uv_req_t *req;
  enum { VT__SIM_WAITING, VT__SIM_BEGUN, VT__SIM_CANCELLED } phase;
} vt__sim_event_t;

/* What hangs at uv_loop_t.internal_fields. The rings' heads are handles of no
 * type. */
typedef struct vt__sim_loop {
  uv_handle_t all, timers, idles, prepares, checks, asyncs;
  vt__sim_event_t *events;
  size_t count, room;
  uint64_t submitted;
  uv_mutex_t mutex; /* of woken, and of each async's pending */
  uv_cond_t cond;
  bool woken;
} vt__sim_loop_t;

/* ---- loop.c: each other file needs it, and it needs them ---- */

vt__sim_loop_t *vt__sim_of(const uv_loop_t *uv);
/* UV_ENOSYS. */
int vt__sim_refuse(void);

/* A random number below n, of this thread's schedule. */
uint64_t vt__sim_random(uint64_t n);
/* True for so many of a hundred. */
bool vt__sim_percent(unsigned percent);

/* ---- handle.c ---- */

void vt__sim_ring_init(uv_handle_t *ring, int place);
bool vt__sim_ring_empty(const uv_handle_t *ring, int place);
/* Calls fn for each handle of the ring as it is now; fn may start, stop and
 * close any. */
void vt__sim_ring_each(uv_handle_t *ring, int place, uv_walk_cb fn, void *arg);
void vt__sim_handle_init(uv_loop_t *uv, uv_handle_t *handle,
                         uv_handle_type type);
/* Of one that is not active. */
void vt__sim_handle_start(uv_handle_t *handle, uv_handle_t *ring);
/* Nothing for one that is not active. */
void vt__sim_handle_stop(uv_handle_t *handle);
/* Runs the handles of one kind, in the order in which they were started. */
void vt__sim_run_idles(uv_loop_t *uv);
void vt__sim_run_prepares(uv_loop_t *uv);
void vt__sim_run_checks(uv_loop_t *uv);
void vt__sim_run_closing(uv_loop_t *uv);

/* ---- timer.c ---- */

/* Runs the timers that are due, but those that are started meanwhile. */
void vt__sim_run_timers(uv_loop_t *uv);
/* The earliest timer's moment in milliseconds, or UINT64_MAX. */
uint64_t vt__sim_next_timer(const uv_loop_t *uv);

/* ---- async.c ---- */

/* Waits until a uv_async_send is known: for ms of real time, or without end
 * for UINT64_MAX. Whether one is. */
bool vt__sim_async_wait(uv_loop_t *uv, uint64_t ms);
void vt__sim_run_asyncs(uv_loop_t *uv);

/* ---- request.c ---- */

/* Accepts a request; UV_ENOMEM. */
int vt__sim_submit(uv_loop_t *uv, uv_req_t *req);
/* The earliest event's moment in nanoseconds, or UINT64_MAX. */
uint64_t vt__sim_next_event(const uv_loop_t *uv);
/* Begins and ends what is due. */
void vt__sim_run_events(uv_loop_t *uv);

/* ---- fs.c ---- */

/* Does what the request asks for, with faults. */
void vt__sim_fs_begin(uv_fs_t *req);

#endif
