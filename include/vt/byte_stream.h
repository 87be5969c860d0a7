/* SPDX-License-Identifier: MIT */
/* What a writer writes to and a reader reads from: a file, a stream, or bytes
 * of your own. One small interface:
 *
 *     struct upper { vt_byte_stream_t base; vt_byte_stream_t *below; };
 *
 *     static vt_t upper_read(vt_byte_stream_t *s, void *buffer, size_t size);
 *     static const vt_byte_stream_ops_t upper_ops = {.read = upper_read};
 *
 * A writer or reader has at most one call of a stream under way. All on one
 * loop's thread. */
#ifndef VT_BYTE_STREAM_H
#define VT_BYTE_STREAM_H

#include "vt/stream.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vt_byte_stream vt_byte_stream_t;

/* How many blocks a write has at most. */
enum { VT_BYTE_STREAM_BLOCKS = 16 };

/* One table for each kind, static and const. What is NULL is not there:
 * UV_ENOTSUP, but for sync and close, which then have nothing to do. */
typedef struct vt_byte_stream_ops {
  /* Writes some of the blocks, in order and at least one byte of them; gives
   * the count. Borrows the bytes until completion, the array until the call
   * returns. UV_ENOMEM, and UV_ECANCELED after a cancel, have written nothing
   * and are no errors of the stream. */
  vt_t (*write)(vt_byte_stream_t *s, const uv_buf_t blocks[], unsigned count);

  /* Reads some bytes, at least one; gives the count; 0 or UV_EOF at the end.
   * Borrows buffer until completion. */
  vt_t (*read)(vt_byte_stream_t *s, void *buffer, size_t size);

  /* Hands what was written to the device. */
  vt_t (*sync)(vt_byte_stream_t *s);

  /* Ends it. Nothing of it is used afterwards. */
  vt_t (*close)(vt_byte_stream_t *s);
} vt_byte_stream_ops_t;

/* The first member of each stream. */
struct vt_byte_stream {
  const vt_byte_stream_ops_t *ops;
};

/* A file from offset on; -1: at its current position, which moves, or at its
 * end where it was opened with O_APPEND. sync is fdatasync. */
typedef struct vt_byte_file {
  vt_byte_stream_t base;
  int64_t offset; /* of the next byte */
  uv_file file;
} vt_byte_file_t;

/* Borrows the file; closing the stream, which only its owner does, closes it.
 * UV_EINVAL for NULL and for offset < -1. */
VT_API int vt_byte_file_init(vt_byte_file_t *s, uv_file file, int64_t offset);

/* A socket, pipe or terminal. Its close is vt_stream_close. */
typedef struct vt_byte_socket {
  vt_byte_stream_t base;
  vt_stream_t *stream;
} vt_byte_socket_t;

/* Borrows stream; closing this takes it. UV_EINVAL for NULL. */
VT_API int vt_byte_socket_init(vt_byte_socket_t *s, vt_stream_t *stream);

#ifdef __cplusplus
}
#endif
#endif
