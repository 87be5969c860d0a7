/* SPDX-License-Identifier: MIT */
/* A queue of values between async functions and callbacks of one loop, with any
 * number of senders and receivers. C#'s Channel<T>.
 *
 * First in, first out, for the items and for those who wait. In hand when it
 * can be: an item is there, there is room, or the other side waits already.
 * Nobody's continuation runs inside a call here. A cancelled send or receive
 * has had no effect; an item that was handed over is never lost: a receiver
 * cancelled after that has it, and what nobody takes (forgotten, withdrawn,
 * never awaited) goes to the next receiver, before all others.
 *
 * All on the thread of the loop it was made on. Another one gets VT_ETHREAD,
 * but for what is in hand, which asks under VT_DEBUG only. */
#ifndef VT_CHANNEL_H
#define VT_CHANNEL_H

#include "vt/channel_ring.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A capacity: a send never waits, but needs memory. */
#define VT_CHANNEL_UNBOUNDED SIZE_MAX

/* Makes a channel with room for so many items, which is allocated here; 0: each
 * send meets a receive. Gives *out (vt_channel_unref). UV_ENOMEM, VT_ENOLOOP,
 * UV_EINVAL for NULL. */
VT_API int vt_channel_new(size_t capacity, vt_channel_t **out);

/* Adds a reference and returns the channel; NULL gives NULL. */
VT_API vt_channel_t *vt_channel_ref(vt_channel_t *c);

/* Drops a reference; NULL is accepted. The last one closes it (UV_EOF) and
 * frees it with the items in it: where they own something, take them first. */
VT_API void vt_channel_unref(vt_channel_t *c);

VT_API VT_MUST_USE vt_t vt__channel_send(vt_channel_t *c, vt_value_t item);
VT_API VT_MUST_USE vt_t vt__channel_receive(vt_channel_t *c);
VT_API int vt__channel_try_send(vt_channel_t *c, vt_value_t item);
VT_API int vt__channel_try_receive(vt_channel_t *c, vt_value_t *out);

/* Puts item in, in turn. In hand when a receiver waits or there is room and
 * nobody waits for it; else completes when a receiver has made room. On failure
 * the item is the caller's as before: UV_ECANCELED, the status of the close,
 * UV_ENOMEM, UV_EINVAL for NULL. A forgotten send that waits keeps its
 * place. */
static inline VT_MUST_USE vt_t vt_channel_send_async(vt_channel_t *c,
                                                     vt_value_t item) {
  return vt__channel_put(c, item) ? vt_done() : vt__channel_send(c, item);
}

/* Takes the first item, the value of the result. In hand when there is one,
 * else in turn. Once closed: what is left, then the status of the close (UV_EOF
 * where none was given). UV_ECANCELED has taken none; UV_ENOMEM; UV_EINVAL for
 * NULL. A forgotten receive that waits takes none. */
static inline VT_MUST_USE vt_t vt_channel_receive_async(vt_channel_t *c) {
  vt_value_t item;
  return vt__channel_take(c, &item) ? vt_from_value(item)
                                    : vt__channel_receive(c);
}

/* A receive as a case of vt_select (<vt/select.h>): an item of the first of
 * several channels that has one, which leaves the others as they are. */
static inline VT_MUST_USE vt_t vt_channel_receive_case(void *channel) {
  return vt_channel_receive_async((vt_channel_t *)channel);
}

/* A send or a receive at once: 0; UV_EAGAIN where it would wait; else the
 * failure. *out is written only on success. */
static inline int vt_channel_try_send(vt_channel_t *c, vt_value_t item) {
  return vt__channel_put(c, item) ? 0 : vt__channel_try_send(c, item);
}

static inline int vt_channel_try_receive(vt_channel_t *c, vt_value_t *out) {
  return out && vt__channel_take(c, out) ? 0 : vt__channel_try_receive(c, out);
}

/* No more items: sends, also those that wait, get the status (0: UV_EOF; a
 * positive one counts as VT_ESTATUS), and so do receives when nothing is left.
 * Again: the first status stays. UV_EINVAL for NULL. */
VT_API int vt_channel_close(vt_channel_t *c, int64_t status);

/* Items in it: those of waiting sends and of results not taken do not count. */
VT_API size_t vt_channel_count(const vt_channel_t *c);

#ifdef __cplusplus
}
#endif
#endif
