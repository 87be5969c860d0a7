/* SPDX-License-Identifier: MIT */
/* A buffered writer: to a file, a stream, or bytes of your own. A write that
 * fits is in hand: a compare, a store, no call. A full buffer is handed to the
 * stream while a second one is filled; only when both are full does a write
 * wait. C#'s BufferedStream and PipeWriter.
 *
 * Nothing is lost and nothing is written twice. Bytes go out in the order of
 * the calls, also of calls that wait: a hit never overtakes them. An error of
 * the stream is sticky: what waits gets it, and every later call, until
 * vt_writer_resume, which goes on at the exact byte, or vt_writer_discard. What
 * is not written can be read out. UV_ENOMEM is not sticky; the bytes stay, and
 * the next call goes on. Where memory lacks to await a write of a stream of
 * yours, that one stays under way until a later call of the writer looks.
 *
 * The caller's bytes: a hit has copied them; else they are borrowed until
 * completion, but for vt_writer_write_copy_async and
 * vt_writer_printf_async, which always copy. A cancelled write (UV_ECANCELED)
 * tells in value.u how many of its bytes were taken, as does one that failed;
 * those are in the buffer or written. A cancelled flush or sync only stops
 * waiting. Nobody's continuation runs inside a call here.
 *
 * All on one loop's thread. */
#ifndef VT_WRITER_H
#define VT_WRITER_H

#include <string.h>

#include "vt/byte_stream.h"
#include "vt/wait_list.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What may be set; zeroed: nothing special. */
typedef struct vt_writer_options {
  /* Of each of the two buffers, which are allocated when they are needed.
   * 0: 64 KiB. */
  size_t size;

  /* A write waits while more than high bytes would be buffered, those under way
   * included, and then until low or fewer are. A write larger than high is let
   * in alone. 0, and more than they hold: as much as the buffers hold; 0: half
   * of high. */
  size_t high;
  size_t low;

  /* Bytes wait so long at most before they are handed on. 0: until a buffer is
   * full, or a flush. */
  uint64_t interval_ms;

  /* VT_WRITER_CORK, VT_WRITER_NODELAY, VT_WRITER_OWNS, VT_WRITER_SYNC. */
  unsigned flags;
} vt_writer_options_t;

/* The writes of one turn of the loop are handed on together, when it ends. */
#define VT_WRITER_CORK 1u
/* Each write is handed on at once, as far as none is under way. */
#define VT_WRITER_NODELAY 2u
/* Closing the writer closes the stream. */
#define VT_WRITER_OWNS 4u
/* Closing the writer syncs. */
#define VT_WRITER_SYNC 8u

/* In the caller's memory, which must not move. Read count and error, leave the
 * rest. All that stands against a hit is folded into limit. */
typedef struct vt_writer {
  uint8_t *buffer; /* being filled */
  size_t count;    /* bytes in it */
  size_t limit;    /* a byte fits while count is below; 0 when it must not */
  int64_t error;   /* sticky; 0 when all is well; of the close, when closed */
  vt_byte_stream_t *stream;
  uint8_t *spare;        /* the other buffer, while it is empty */
  uint8_t *flying;       /* the other buffer, with bytes to be written */
  size_t flying_count;   /* bytes in it */
  size_t flying_done;    /* of them, those that are written */
  vt_wait_list_t writes; /* wait for room */
  vt_wait_list_t flushes;
  vt_wait_list_t syncs;
  vt_wait_list_t closes;
  vt_writer_options_t options;
  uint64_t queued;  /* bytes of writes that are still to be taken */
  uint64_t written; /* bytes that the stream has taken in all */
  uint64_t goal;    /* as many are to be written without delay */
  uint64_t split;   /* as many belong to a file that is being left */
  uint64_t synced;  /* as many are on the device */
  uint64_t syncing; /* as many are to be */
  uint64_t sync_at; /* as many will be after the sync that is under way */
  vt_t timer;       /* of the cork or the interval, while armed */
  void *direct;     /* the write whose own bytes are under way */
  vt_t call;        /* of the stream, while busy */
  uint8_t phase;
  bool busy;   /* a call of the stream is under way */
  bool full;   /* high was reached, low not yet */
  bool armed;  /* timer is set */
  bool poison; /* the error cannot be cleared */
  bool pumping;
  bool stranded; /* busy, but nobody is told when the call is over */
} vt_writer_t;

/* Opens a writer to stream, which is borrowed until closed. Copies options,
 * which may be NULL. Allocates nothing. UV_EINVAL for NULL, for low above high
 * and for a size that no memory can hold. */
VT_API int vt_writer_init(vt_writer_t *w, vt_byte_stream_t *stream,
                          const vt_writer_options_t *options);

VT_API VT_MUST_USE vt_t vt__writer_write(vt_writer_t *w, uint8_t byte);
VT_API VT_MUST_USE vt_t vt__writer_write_all(vt_writer_t *w, const void *data,
                                             size_t size);

/* One byte. In hand when there is room. On failure it was not taken. A w
 * of NULL is not looked for here: it would cost each byte a compare. A loop of
 * bytes is faster when what it needs is in locals, and one await follows the
 * first byte that is not in hand: each byte stored might change the frame. */
static inline VT_MUST_USE vt_t vt_writer_write_async(vt_writer_t *w,
                                                     uint8_t byte) {
  if (VT_LIKELY(w->count < w->limit)) {
    w->buffer[w->count++] = byte;
    return vt_done();
  }
  return vt__writer_write(w, byte);
}

/* All bytes of data; value.u is size. In hand, and copied, when they fit; else
 * borrowed until completion. A block larger than the buffer goes to the stream
 * from where it lies. */
static inline VT_MUST_USE vt_t vt_writer_write_all_async(vt_writer_t *w,
                                                         const void *data,
                                                         size_t size) {
  if (VT_LIKELY(w != NULL && w->count < w->limit &&
                size - 1 < w->limit - w->count && data != NULL)) {
    memcpy(w->buffer + w->count, data, size);
    w->count += size;
    return vt_from_uint(size);
  }
  return vt__writer_write_all(w, data, size);
}

/* The same for several blocks; the array is borrowed as the bytes are. */
VT_API VT_MUST_USE vt_t vt_writer_writev_async(vt_writer_t *w,
                                               const uv_buf_t blocks[],
                                               unsigned count);

/* The same for one block that is always copied: data may go when this
 * returns. */
VT_API VT_MUST_USE vt_t vt_writer_write_copy_async(vt_writer_t *w,
                                                   const void *data,
                                                   size_t size);

/* Text by printf's format; value.u is its length. The arguments are used before
 * this returns. UV_EINVAL for a format that cannot be. */
VT_API VT_MUST_USE vt_t vt_writer_printf_async(vt_writer_t *w,
                                               const char *format, ...)
    VT_PRINTF(2, 3);

/* Hands all bytes of the calls before it to the OS; in hand when there are
 * none. Forgotten, it is done all the same. */
VT_API VT_MUST_USE vt_t vt_writer_flush_async(vt_writer_t *w);

/* A flush, and then hands them to the device; in hand when all are there. A
 * failed one poisons the writer: the kernel may have dropped the bytes and tell
 * success the next time, so that only a new file helps. */
VT_API VT_MUST_USE vt_t vt_writer_sync_async(vt_writer_t *w);

/* Flushes and ends the writer, and the stream with VT_WRITER_OWNS, whatever the
 * result, which is the sticky error, or the first one of the end. Bytes that
 * could not be written are still to be read out; vt_writer_discard frees them.
 * Again while it closes: completes with the first; after that UV_EBADF, as is
 * every use. Cannot be cancelled, and begins in a cancelled scope too. With
 * UV_ENOMEM in hand it closes all the same, and the writer's memory is in use
 * until that is over: until vt_writer_discard no longer answers UV_EBUSY. */
VT_API VT_MUST_USE vt_t vt_writer_close_async(vt_writer_t *w);

/* The bytes that were taken and not written yet, in order: gives their number
 * and at most two blocks in out. Borrows: until the next call or turn of the
 * loop. */
VT_API size_t vt_writer_unwritten(const vt_writer_t *w, uv_buf_t out[2]);

/* Clears the error and goes on at the exact byte. UV_EBADF after close; the
 * status of the error when it cannot be cleared: a sync failed. */
VT_API int vt_writer_resume(vt_writer_t *w);

/* Clears the error and drops the bytes that are not written. As
 * vt_writer_resume, but allowed after close; UV_EBUSY while the stream is at
 * work, by a write, a sync or a close. */
VT_API int vt_writer_discard(vt_writer_t *w);

#ifdef __cplusplus
}
#endif
#endif
