/* SPDX-License-Identifier: MIT */
/* The bridge between a libuv request, or any callback API, and a value task.
 * Every operation of the library is written on it, and a user wraps next year's
 * libuv call with it:
 *
 *     struct stat_op { vt_op_t op; uv_fs_t req; };
 *     static const vt_op_kind_t stat_kind = {
 *         VT_OP_OPS("stat"), .size = sizeof(struct stat_op)};
 *
 *     static void on_stat(uv_fs_t *req)
 *     {
 *       vt_result_t r = {req->result < 0 ? req->result : 0, {0}};
 *       uv_fs_req_cleanup(req);
 *       vt_op_complete(req->data, r);
 *     }
 *
 *     vt_t stat_async(const char *path)
 *     {
 *       struct stat_op *s;
 *       int rc = vt_op_begin(&stat_kind, &s);
 *       if (rc != 0) return vt_failed(rc);
 *       s->req.data = s;
 *       rc = uv_fs_stat(vt_op_uv(s), &s->req, path, on_stat);
 *       return vt_op_started(s, rc);
 *     }
 *
 * An operation is one-shot: its result may be taken once. All calls on the
 * loop's own thread. */
#ifndef VT_BRIDGE_H
#define VT_BRIDGE_H

#include <string.h>

#include "vt/source.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The first member of an operation's struct. Private but for its address. */
typedef struct vt_op {
  vt_source_t source;
  vt_continuation_fn *k;
  void *state;
  uint8_t phase;
  uint8_t flags;
  uint16_t span;
  uint32_t aux;
  vt_result_t result;
  void *link;
} vt_op_t;

/* What is the same for all operations of one kind; static and const. */
typedef struct vt_op_kind {
  vt_source_ops_t ops; /* VT_OP_OPS("name") */
  size_t size;         /* of the whole struct, op first */

  /* Optional. Asks libuv to stop the operation; 0, or negative when it cannot
   * be stopped now. The completion still comes by vt_op_complete. */
  int (*cancel)(vt_op_t *op);

  /* Optional. Writes what the operation is about into text. */
  void (*describe)(const vt_op_t *op, char *text, size_t size);

  /* Optional. Frees a result that came after the operation was cancelled, or
   * that nobody will take (an open closes its file). */
  void (*discard)(vt_op_t *op, vt_result_t late);

  /* The operation holds none of the caller's memory: when libuv cannot stop it,
   * a cancelled one is answered at once and its late result discarded. */
  bool detachable;
} vt_op_kind_t;

VT_API int64_t vt__op_status(const vt_source_t *source, uint64_t token);
VT_API vt_result_t vt__op_result(vt_source_t *source, uint64_t token);
VT_API int vt__op_on_completed(vt_source_t *source, uint64_t token,
                               const vt_continuation_t *c);
VT_API int vt__op_cancel(vt_source_t *source, uint64_t token);
VT_API void vt__op_describe(const vt_source_t *source, char *text, size_t size);
VT_API extern const struct vt__own_ops vt__op_own;

#define VT_OP_OPS(name)                                                        \
  {                                                                            \
    (name), vt__op_status, vt__op_result, vt__op_on_completed, vt__op_cancel,  \
        vt__op_describe, &vt__op_own                                           \
  }

/* The common case: a free block of steps times 16 bytes; NULL when there is
 * more to do. */
VT_API vt_op_t *vt__op_begin(const vt_op_kind_t *kind, size_t steps);
VT_API int vt__op_begin_slowly(const vt_op_kind_t *kind, void *out);
VT_API VT_MUST_USE vt_t vt__op_refused(void *op, int rc);

/* A block for one operation from this thread's loop, pending; gives it in the
 * struct pointer that out points to. Its members after op are not initialised.
 * VT_ENOLOOP, UV_ENOMEM. Follow with vt_op_started. */
static inline int vt_op_begin(const vt_op_kind_t *kind, void *out) {
  vt_op_t *op = NULL;
  if (kind && out && kind->size >= sizeof *op && kind->size <= 1024)
    op = vt__op_begin(kind, (kind->size + 15) / 16);
  if (!VT_LIKELY(op != NULL))
    return vt__op_begin_slowly(kind, out);
  memcpy(out, &op, sizeof op);
  return 0;
}

/* The value task of an operation that was handed to libuv with rc; a negative
 * rc takes the operation back and is the failure in hand. op: the struct. */
static inline VT_MUST_USE vt_t vt_op_started(void *op, int rc) {
  vt_t v = {(uintptr_t)op, {0}};
  if (!VT_LIKELY(rc >= 0))
    return vt__op_refused(op, rc);
  v.value.u = ((const vt_op_t *)op)->source.token;
  return v;
}

/* Completes the operation, once, from its callback. The operation is given back
 * when its result is taken, which may be before this returns: touch nothing of
 * it afterwards. A positive status becomes VT_ESTATUS. */
VT_API void vt_op_complete(void *op, vt_result_t result);

/* The uv loop that the operation belongs to. */
VT_API uv_loop_t *vt_op_uv(const void *op);

#ifdef __cplusplus
}
#endif
#endif
