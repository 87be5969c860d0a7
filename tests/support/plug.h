/* SPDX-License-Identifier: MIT */
/* libuv's thread pool, held still: so that requests wait in its queue, or
 * are done by a thread and not yet told to the loop, for as long as a case
 * wants. */
#ifndef VT_TEST_PLUG_H
#define VT_TEST_PLUG_H

#include <uv.h>

/* Gives the pool one thread, so that it runs requests in their order. Before
 * the first request of the process. */
void plug_prepare(void);

struct plug {
  uv_work_t req;
  uv_sem_t sem;
};

/* What is queued from now on waits for plug_out. */
void plug_in(struct plug *plug, uv_loop_t *uv);

/* Lets the pool go on. The plug must live until the loop has run. */
void plug_out(struct plug *plug);

/* Returns when the pool has run all that was queued before; the loop has been
 * told nothing yet. The plug must live until the loop has run. */
void plug_drain(struct plug *plug, uv_loop_t *uv);

#endif
