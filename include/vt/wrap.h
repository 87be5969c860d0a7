/* SPDX-License-Identifier: MIT */
/* The bridge in its short form: a value task of any libuv call that vt does not
 * have, or of any API that calls back, in five lines:
 *
 *     static void on_random(uv_random_t *r, int status, void *buf, size_t size)
 *     {
 *       vt_wrap_complete(r, status, (vt_value_t){.u = size});
 *     }
 *
 *     vt_t random_async(void *buf, size_t size)
 *     {
 *       uv_random_t *r = vt_wrap_new("random", sizeof *r);
 *       return vt_wrap_started(
 *           r, r ? uv_random(vt_wrap_uv(r), r, buf, size, 0, on_random) : 0);
 *     }
 *
 * r->data is yours. The operation is one-shot, of the loop of the thread, and a
 * member of the current scope. It does not own its result: what must be freed
 * when nobody takes it, or answered before libuv is done, is for the whole
 * bridge, <vt/bridge.h>. All calls on the loop's own thread. */
#ifndef VT_WRAP_H
#define VT_WRAP_H

#include "vt/value_task.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Asks for an early end. 0, or negative when that cannot be now; the completion
 * still comes by vt_wrap_complete, which it may call itself. After 0 it is not
 * called again: vt_cancel answers UV_EALREADY. */
typedef int vt_wrap_cancel_fn(void *req);

/* Memory for one operation: size zeroed bytes, aligned for anything, from the
 * loop's pool, up to 1 GiB. A libuv request or handle, or a struct of your own,
 * which may begin with one. It is yours until you complete it, or until
 * vt_wrap_started is given a failure. Borrows name, a text that stays (a
 * literal), for reports. NULL without a loop or memory and in a cancelled
 * scope: hand that to vt_wrap_started, which tells why. */
VT_API void *vt_wrap_new(const char *name, size_t size);

/* What vt_cancel does. Without it, a libuv request at the beginning of the
 * memory goes to uv_cancel where libuv can do that (work, files, names,
 * random), and everything else is refused with UV_ENOSYS. */
VT_API void vt_wrap_set_cancel(void *req, vt_wrap_cancel_fn *cancel);

/* The value task of an operation that was begun with rc. A negative rc is the
 * failure in hand, and frees req. With req NULL it is why there is none:
 * VT_ENOLOOP, UV_ECANCELED (the scope is cancelled), UV_ENOMEM. */
VT_API VT_MUST_USE vt_t vt_wrap_started(void *req, int rc);

/* Completes the operation, once, from its callback or before it is started.
 * Frees req, which may be the next operation's before this returns. A handle in
 * it must be closed by then: complete in its close callback. A positive status
 * becomes VT_ESTATUS. */
VT_API void vt_wrap_complete(void *req, int64_t status, vt_value_t value);

/* The uv loop that the operation belongs to. */
VT_API uv_loop_t *vt_wrap_uv(const void *req);

#ifdef __cplusplus
}
#endif
#endif
