/* SPDX-License-Identifier: MIT */
/* vt_random: uv_random.
 *
 * The block holds the request; libuv fills the caller's buffer on a thread of
 * its pool, and on_done completes. Cancelled in libuv's queue, the request
 * comes back with UV_ECANCELED. Once a thread has it, it writes to the caller's
 * buffer and has to be waited for: the kind is not detachable. */
#include "vt/random.h"

#include <stdio.h>

#include "op/random.h"
#include "vt/bridge.h"

struct random_op {
  vt_op_t op;
  size_t size;
  uv_random_t req;
};

static int random_cancel(vt_op_t *op) {
  return uv_cancel((uv_req_t *)&((struct random_op *)op)->req);
}

static void random_describe(const vt_op_t *op, char *text, size_t size) {
  const struct random_op *r = (const struct random_op *)op;
  snprintf(text, size, "%llu bytes", (unsigned long long)r->size);
}

static const vt_op_kind_t random_kind = {.ops = VT_OP_OPS("random"),
                                         .size = sizeof(struct random_op),
                                         .cancel = random_cancel,
                                         .describe = random_describe};

static void on_done(uv_random_t *req, int status, void *buffer, size_t size) {
  vt_result_t result = {status, {0}};
  (void)buffer;
  (void)size;
  vt_op_complete(req->data, result);
}

vt_t vt_random(void *buffer, size_t size, unsigned flags) {
  struct random_op *r;
  if (!buffer)
    return vt_failed(UV_EINVAL);
  int rc = vt_op_begin(&random_kind, &r);
  if (rc != 0)
    return vt_failed(rc);
  r->size = size;
  r->req.data = r;
  return vt_op_started(
      r, uv_random(vt_op_uv(r), &r->req, buffer, size, flags, on_done));
}

int vt__random_now(void *buffer, size_t size) {
  return uv_random(NULL, NULL, buffer, size, 0, NULL);
}
