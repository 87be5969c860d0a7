/* SPDX-License-Identifier: MIT */
/* The first of several things that may come, and none of the others: Go's
 * select, over channels and whatever gives a value task.
 *
 *     const vt_case_t cases[] = {{vt_channel_receive_case, orders},
 *                                {vt_channel_receive_case, cancellations},
 *                                {second, NULL}};
 *     VT_TRY_VALUE(f, v, vt_select(cases, 3, f->out));
 *     if (v.u == 0 && f->out[0].status == 0)
 *       take_order(f->out[0].value.p);
 *
 * where second is a function that returns vt_delay(1000), and f->out is memory
 * that does not move with the frame. vt_any over receives would do, were it not
 * that it wants them begun: of two that are in hand it would take both. */
#ifndef VT_SELECT_H
#define VT_SELECT_H

#include "vt/value_task.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Begins what may come. */
typedef vt_t vt_case_fn(void *arg);

typedef struct vt_case {
  vt_case_fn *fn;
  void *arg;
} vt_case_t;

/* Begins the cases in their order, until one is in hand, and completes with the
 * index, in value.u, of the first that is complete, well or not; in hand when
 * one is. A case that is always in hand hides those behind it: put the rare
 * ones first, or change their order. The others are cancelled, and completion
 * waits for those that libuv still holds. One that was handed an item, a permit
 * or a lock meanwhile gives it back, before all others. cases is read during
 * the call, each arg borrowed until completion. out: NULL, or room for count
 * results, borrowed until completion: the winner's is written, and those of
 * others that completed all the same.
 *
 * Cancelled it has taken nothing: UV_ECANCELED, or a case's outcome that came
 * first. Forgotten or withdrawn while it waits it takes nothing, and what it
 * has begun is cancelled; out is the caller's again, and an item that was there
 * at the call, while it waits for others to end, is in it. UV_EINVAL for no
 * cases; UV_ENOMEM. */
VT_API VT_MUST_USE vt_t vt_select(const vt_case_t cases[], size_t count,
                                  vt_result_t out[]);

#ifdef __cplusplus
}
#endif
#endif
