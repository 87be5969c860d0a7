/* SPDX-License-Identifier: MIT */
/* The bridge in its short form.
 *
 * The user's memory follows the operation in its block, so that one is found
 * from the other; all else is the bridge's.
 *
 * What can go wrong: a cancel has to know whether the memory begins with a
 * request that uv_cancel takes, and nobody tells. Libuv does, once it has the
 * request: its type, and behind that the loop, which are both asked for before
 * uv_cancel sees the memory. Until then the memory is zeroed. */
#include "vt/wrap.h"

#include <string.h>

#include "core/oneshot.h"

struct wrap_op {
  vt_op_t op;
  const char *name;
  vt_wrap_cancel_fn *cancel;
  bool ending; /* cancel has agreed */
  size_t size; /* of memory */
  _Alignas(max_align_t) char memory[];
};

static struct wrap_op *of_memory(const void *req) {
  return (struct wrap_op *)(void *)((char *)(uintptr_t)req -
                                    offsetof(struct wrap_op, memory));
}

/* ---- cancel ---- */

/* Where a request that uv_cancel takes has its loop; NULL for all else. */
static uv_loop_t *request_loop(const void *memory, size_t size) {
  const uv_req_t *req = memory;
#define LOOP_OF(type)                                                          \
  (size >= sizeof(type) ? ((const type *)memory)->loop : NULL)
  if (size < sizeof *req)
    return NULL;
  switch (req->type) {
  case UV_WORK:
    return LOOP_OF(uv_work_t);
  case UV_FS:
    return LOOP_OF(uv_fs_t);
  case UV_GETADDRINFO:
    return LOOP_OF(uv_getaddrinfo_t);
  case UV_GETNAMEINFO:
    return LOOP_OF(uv_getnameinfo_t);
  case UV_RANDOM:
    return LOOP_OF(uv_random_t);
  default:
    return NULL;
  }
#undef LOOP_OF
}

/* A scope that ends cancels again what it cancelled. The user's function may
 * complete the operation, whose memory may be another's when it returns. */
static int ask(struct wrap_op *w) {
  uint64_t token = w->op.source.token;
  if (w->ending)
    return UV_EALREADY;
  w->ending = true;
  int rc = w->cancel(w->memory);
  if (rc != 0 && w->op.source.token == token)
    w->ending = false;
  return rc;
}

static int wrap_cancel(vt_op_t *op) {
  struct wrap_op *w = (struct wrap_op *)op;
  if (w->cancel)
    return ask(w);
  if (request_loop(w->memory, w->size) != vt_op_uv(op))
    return UV_ENOSYS;
  return uv_cancel((uv_req_t *)(void *)w->memory);
}

/* ---- the rest ---- */

static void wrap_describe(const vt_op_t *op, char *text, size_t size) {
  const char *name = ((const struct wrap_op *)op)->name;
  if (size == 0)
    return;
  text[0] = '\0';
  if (name)
    strncat(text, name, size - 1);
}

static const vt_op_kind_t wrap_kind = {.ops = VT_OP_OPS("wrap"),
                                       .size = sizeof(struct wrap_op),
                                       .cancel = wrap_cancel,
                                       .describe = wrap_describe};

void *vt_wrap_new(const char *name, size_t size) {
  size_t whole = sizeof(struct wrap_op) + size;
  vt_op_t *op = NULL;
  if (whole < size)
    return NULL;
  if (whole <= 1024)
    op = vt__op_begin(&wrap_kind, (whole + 15) / 16);
  if (!op && vt__op_begin_sized(&wrap_kind, whole, &op) != 0)
    return NULL;
  struct wrap_op *w = (struct wrap_op *)op;
  w->name = name;
  w->cancel = NULL;
  w->ending = false;
  w->size = size;
  memset(w->memory, 0, size);
  return w->memory;
}

void vt_wrap_set_cancel(void *req, vt_wrap_cancel_fn *cancel) {
  if (req)
    of_memory(req)->cancel = cancel;
}

/* Why vt_wrap_new gave no memory, as far as that is still so. */
static int why_not(void) {
  const vt_loop_t *loop = vt__current;
  if (!loop)
    return VT_ENOLOOP;
  return loop->scope && loop->scope->reason ? UV_ECANCELED : UV_ENOMEM;
}

vt_t vt_wrap_started(void *req, int rc) {
  if (req)
    return vt_op_started(of_memory(req), rc);
  return vt_failed(rc < 0 ? rc : why_not());
}

void vt_wrap_complete(void *req, int64_t status, vt_value_t value) {
  vt_result_t result = {status, value};
  vt_op_complete(of_memory(req), result);
}

uv_loop_t *vt_wrap_uv(const void *req) {
  return req ? vt_op_uv(of_memory(req)) : NULL;
}
