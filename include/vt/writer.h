/* SPDX-License-Identifier: MIT */
/* A buffered writer over a file. A write that fits is in hand: a compare, a
 * store, no call. A full buffer is flushed with vt_fs_write on libuv's pool.
 * Nothing is lost silently: an error keeps what was not written, and every
 * later write, flush and close gives it again until vt_writer_resume or
 * vt_writer_discard.
 *
 * One operation at a time: while one is pending, another gives UV_EBUSY in hand
 * and changes nothing. A cancelled one (UV_ECANCELED) and one without memory
 * (UV_ENOMEM) are no errors of the file and not sticky: the bytes stay, the
 * next flush goes on at the exact one. All on one loop's thread. C#'s
 * BufferedStream.
 *
 * Common mistakes: a write begun without awaiting the one before is UV_EBUSY,
 * its bytes not taken, as soon as that one must flush; a write's value task
 * awaited twice gives its result again on a hit and VT_ESTALE after a flush.
 * Both seem to work until the buffer is full. */
#ifndef VT_WRITER_H
#define VT_WRITER_H

#include "vt/value_task.h"

#ifdef __cplusplus
extern "C" {
#endif

/* In the caller's memory; read count and error, leave the rest. Closed, failed
 * and flushing are folded into limit, so that a hit is one compare. */
typedef struct vt_writer {
  uint8_t *buffer;
  size_t count; /* bytes in the buffer */
  size_t limit; /* a byte fits while count is below; 0 when it must not */
  size_t size;
  size_t written; /* of count, already handed to the OS by a flush */
  int64_t offset; /* of the next byte to hand over; -1: the file's own */
  int64_t error;  /* sticky; 0 when all is well */
  size_t taken;   /* vt_writer_taken */
  uv_file file;
  uint8_t phase;
} vt_writer_t;

/* Writes to file from offset on (-1: the current one, and the file's own
 * position moves). Borrows buffer, size bytes, until closed; borrows the file,
 * which the caller closes. UV_EINVAL for no buffer, size 0 or offset < -1. */
VT_API int vt_writer_init(vt_writer_t *w, uv_file file, int64_t offset,
                          void *buffer, size_t size);

VT_API VT_MUST_USE vt_t vt__writer_write(vt_writer_t *w, uint8_t byte);

/* One byte into the buffer; a full buffer is flushed first. In hand when there
 * is room. On failure the byte was not taken. */
static inline VT_MUST_USE vt_t vt_writer_write_async(vt_writer_t *w,
                                                     uint8_t byte) {
  if (VT_LIKELY(w->count < w->limit)) {
    w->buffer[w->count++] = byte;
    return vt_done();
  }
  return vt__writer_write(w, byte);
}

/* All bytes of data, in order; a block as large as the buffer passes an empty
 * buffer by. In hand, and copied, when it fits; else data is borrowed until
 * completion. value.u is the number of bytes taken, size on success; on failure
 * vt_writer_taken tells it: those are in the file or in the buffer, the others
 * were not touched. */
VT_API VT_MUST_USE vt_t vt_writer_write_all_async(vt_writer_t *w,
                                                  const void *data,
                                                  size_t size);

/* Bytes that the last vt_writer_write_all_async took before it ended. */
VT_API size_t vt_writer_taken(const vt_writer_t *w);

/* Hands all bytes in the buffer to the OS; in hand when there are none. A short
 * write is continued; an error keeps what was not written and is sticky. */
VT_API VT_MUST_USE vt_t vt_writer_flush_async(vt_writer_t *w);

/* Flushes and ends the writer: it gives the buffer back, whatever the result,
 * but for UV_EBUSY. The result is the first error; the bytes that were not
 * written are still in the buffer, from vt_writer_unwritten. Closing again is
 * UV_EBADF, as is every use after it. */
VT_API VT_MUST_USE vt_t vt_writer_close_async(vt_writer_t *w);

/* The bytes not yet handed to the OS: gives their number and points *out_data
 * at them. Borrows: until the next call on the writer. */
VT_API size_t vt_writer_unwritten(const vt_writer_t *w,
                                  const uint8_t **out_data);

/* Clears the error; the next flush goes on at the exact byte. UV_EBUSY while an
 * operation is pending, UV_EBADF after close. */
VT_API int vt_writer_resume(vt_writer_t *w);

/* Clears the error and drops the bytes in the buffer. As vt_writer_resume. */
VT_API int vt_writer_discard(vt_writer_t *w);

#ifdef __cplusplus
}
#endif
#endif
