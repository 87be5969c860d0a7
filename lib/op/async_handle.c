/* SPDX-License-Identifier: MIT */
/* Sends from any thread.
 *
 * libuv merges sends, and a merged one orders nothing and may be overlooked
 * (its first step is a relaxed read). So the sends are counted here, by
 * read-modify-writes, before libuv is told: whoever takes the count by an
 * exchange sees what was written before them.
 *
 * What can go wrong: uv_close beside uv_async_send in another thread. A count
 * of senders brackets the send, the close shuts the door and waits for zero.
 * libuv drops a wake-up that is on its way when the handle is closed: the count
 * still goes to the wait that there is. */
#include "vt/async_handle.h"

#include <stdatomic.h>

#include "op/watch.h"

struct vt_async {
  vt__watch_t watch;
  _Atomic uint64_t sent; /* since the last wait */
  _Atomic uint32_t senders;
  atomic_bool shut;
};

static vt_result_t take(vt_async_t *a) {
  return vt__watch_count(atomic_exchange(&a->sent, 0));
}

static void serve(vt_async_t *a) {
  if (atomic_load(&a->sent) == 0) /* taken in hand */
    return;
  vt__watch_op_t *o = vt__watch_pop(&a->watch);
  if (o)
    vt_op_complete(o, take(a));
}

static void async_close(vt__handle_t *handle) {
  vt_async_t *a = (vt_async_t *)handle;
  atomic_store(&a->shut, true);
  while (atomic_load(&a->senders) != 0)
    vt__thread_yield();
  vt__handle_close_now(handle);
}

static void on_closed(vt__handle_t *handle) {
  serve((vt_async_t *)handle);
  vt__watch_closed(handle);
}

static const vt__handle_kind_t async_kind = {
    .name = "async", .close = async_close, .closed = on_closed};
static const vt_op_kind_t wait_kind = VT__WATCH_KIND("async_wait");

static void on_async(uv_async_t *handle) {
  serve((vt_async_t *)vt__handle_of(handle));
}

int vt_async_new(vt_async_t **out) {
  vt_async_t *a;
  int rc = out ? vt__watch_new(&async_kind, sizeof *a, &a) : UV_EINVAL;
  if (rc != 0)
    return rc;
  rc = uv_async_init(a->watch.head.loop->uv, &a->watch.own.async, on_async);
  rc = vt__watch_inited(&a->watch, rc);
  if (rc == 0)
    *out = a;
  return rc;
}

int vt_async_send(vt_async_t *a) {
  int rc = UV_EBADF;
  if (!a)
    return UV_EINVAL;
  atomic_fetch_add(&a->senders, 1);
  if (!atomic_load(&a->shut)) {
    atomic_fetch_add(&a->sent, 1);
    rc = uv_async_send(&a->watch.own.async);
  }
  atomic_fetch_sub(&a->senders, 1);
  return rc;
}

vt_t vt_async_wait(vt_async_t *a) {
  int rc = vt__handle_check((vt__handle_t *)a);
  if (rc != 0)
    return vt_failed(rc);
  if (atomic_load(&a->sent) != 0)
    return vt_from_result(take(a));
  return vt__watch_wait(&a->watch, &wait_kind, NULL);
}

vt_t vt_async_close(vt_async_t *a) {
  return vt__handle_close((vt__handle_t *)a);
}

uv_async_t *vt_async_uv(vt_async_t *a) { return &a->watch.own.async; }
