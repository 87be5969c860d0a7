/* SPDX-License-Identifier: MIT */
/* vt_work: a function on libuv's thread pool, its result on the loop.
 *
 * The block of the operation holds the request, the function and the room for
 * its result, so that one block of the pool is all the memory there is. run is
 * called on a thread of the pool and touches only that block, of which the loop
 * touches only the flag cancelled until libuv's queue hands it back; on_done
 * completes.
 *
 * Cancelling works while the request is queued: libuv then calls on_done with
 * UV_ECANCELED and never run. Once it runs nothing can stop it, and as it holds
 * the caller's argument the awaiter has to wait: the kind is not detachable.
 * The function may ask whether it was cancelled meanwhile, and end early. */
#include "vt/work.h"

#include <stdatomic.h>

#include "core/loop.h"
#include "vt/bridge.h"

struct work_op {
  vt_op_t op;
  vt_work_fn *fn;
  void *arg;
  vt_result_t result;
  _Atomic bool cancelled;
  uv_work_t req;
};

/* What this thread runs. */
static VT_TLS _Thread_local const struct work_op *running;

static int work_cancel(vt_op_t *op) {
  struct work_op *w = (struct work_op *)op;
  atomic_store_explicit(&w->cancelled, true, memory_order_relaxed);
  return uv_cancel((uv_req_t *)&w->req);
}

static const vt_op_kind_t work_kind = {.ops = VT_OP_OPS("work"),
                                       .size = sizeof(struct work_op),
                                       .cancel = work_cancel};

/* On a thread of the pool. */
static void run(uv_work_t *req) {
  struct work_op *w = req->data;
  running = w;
  w->result = w->fn(w->arg);
  running = NULL;
}

bool vt_work_is_cancelled(void) {
  return running &&
         atomic_load_explicit(&running->cancelled, memory_order_relaxed);
}

static void on_done(uv_work_t *req, int status) {
  struct work_op *w = req->data;
  vt_result_t result = {status, {0}};
  if (status == 0)
    result = w->result;
  vt_op_complete(w, result);
}

vt_t vt_work(vt_work_fn *fn, void *arg) {
  struct work_op *w;
  if (!fn)
    return vt_failed(UV_EINVAL);
  int rc = vt_op_begin(&work_kind, &w);
  if (rc != 0)
    return vt_failed(rc);
  w->fn = fn;
  w->arg = arg;
  atomic_init(&w->cancelled, false);
  w->req.data = w;
  return vt_op_started(w, uv_queue_work(vt_op_uv(w), &w->req, run, on_done));
}
