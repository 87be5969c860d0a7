/* SPDX-License-Identifier: MIT */
/* A queue of values between loops and threads, with any number of senders and
 * receivers on any of them. As <vt/channel.h>, but for a lock of a few
 * instructions in each call: on one loop that one is the cheaper. C#'s
 * Channel<T> and Go's chan.
 *
 * First in, first out, for the items and for those who wait, wherever they are.
 * In hand when it can be. It is bounded, so that who is too fast waits for who
 * is too slow. Who waits is completed on its own loop, by that loop's next
 * turn, and never inside a call here; what one sender has sent arrives in its
 * order. A wait that is cancelled leaves at once and has had no effect; once it
 * was served, from another thread perhaps, vt_cancel answers UV_EBUSY and the
 * result comes. An item that was handed over is never lost: what nobody takes
 * (forgotten, withdrawn, never awaited) goes to the next receiver, before all
 * others.
 *
 * Any thread, with a loop or without one; without one, what would wait is
 * VT_ENOLOOP. A loop on which somebody waits does not detach (UV_EBUSY), and is
 * kept going. */
#ifndef VT_SHARED_CHANNEL_H
#define VT_SHARED_CHANNEL_H

#include "vt/value_task.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vt_shared_channel vt_shared_channel_t;

/* Makes a channel with room for so many items, which is allocated here; 0: each
 * send meets a receive. Gives *out (vt_shared_channel_unref). UV_ENOMEM,
 * UV_EINVAL for NULL. */
VT_API int vt_shared_channel_new(size_t capacity, vt_shared_channel_t **out);

/* Adds a reference and returns the channel; NULL gives NULL. Each thread that
 * uses it needs one. */
VT_API vt_shared_channel_t *vt_shared_channel_ref(vt_shared_channel_t *c);

/* Drops a reference; NULL is accepted. The last one closes it (UV_EOF), and it
 * is freed, with the items in it, when nobody waits any more: where they own
 * something, take them first. */
VT_API void vt_shared_channel_unref(vt_shared_channel_t *c);

/* Puts item in, in turn. In hand when a receiver waits or there is room and
 * nobody waits for it; else completes when a receiver has made room. On failure
 * the item is the caller's as before: UV_ECANCELED, the status of the close,
 * UV_ENOMEM, VT_ENOLOOP, UV_EINVAL for NULL. A forgotten send that waits keeps
 * its place. */
VT_API VT_MUST_USE vt_t vt_shared_channel_send_async(vt_shared_channel_t *c,
                                                     vt_value_t item);

/* Takes the first item, the value of the result. In hand when there is one,
 * else in turn. Once closed: what is left, then the status of the close (UV_EOF
 * where none was given). UV_ECANCELED has taken none; UV_ENOMEM, VT_ENOLOOP;
 * UV_EINVAL for NULL. A forgotten receive that waits takes none. */
VT_API VT_MUST_USE vt_t vt_shared_channel_receive_async(vt_shared_channel_t *c);

/* A receive as a case of vt_select (<vt/select.h>). */
static inline VT_MUST_USE vt_t vt_shared_channel_receive_case(void *channel) {
  return vt_shared_channel_receive_async((vt_shared_channel_t *)channel);
}

/* A send or a receive at once: 0; UV_EAGAIN where it would wait; else the
 * failure. *out is written only on success. */
VT_API int vt_shared_channel_try_send(vt_shared_channel_t *c, vt_value_t item);
VT_API int vt_shared_channel_try_receive(vt_shared_channel_t *c,
                                         vt_value_t *out);

/* No more items: sends, also those that wait, get the status (0: UV_EOF; a
 * positive one counts as VT_ESTATUS), and so do receives when nothing is left.
 * Again: the first status stays. UV_EINVAL for NULL. */
VT_API int vt_shared_channel_close(vt_shared_channel_t *c, int64_t status);

/* Items in it, at some moment of the call: those of waiting sends and of
 * results not taken do not count. */
VT_API size_t vt_shared_channel_count(vt_shared_channel_t *c);

#ifdef __cplusplus
}
#endif
#endif
