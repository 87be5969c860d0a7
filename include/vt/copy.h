/* SPDX-License-Identifier: MIT */
/* From a reader to a writer. C#'s Stream.CopyTo. */
#ifndef VT_COPY_H
#define VT_COPY_H

#include "vt/reader.h"
#include "vt/writer.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Which side a copy failed on. */
typedef enum vt_copy_side {
  VT_COPY_NEITHER, /* also when it was cancelled */
  VT_COPY_READER,
  VT_COPY_WRITER
} vt_copy_side_t;

/* How far a copy has come. */
typedef struct vt_copied {
  uint64_t count; /* bytes that the writer has taken */
  vt_copy_side_t failed;
} vt_copied_t;

/* Copies limit bytes (UINT64_MAX: all) or up to the end, which is no failure;
 * value.u is the count. Fills *out, which may be NULL, as it goes, also when it
 * fails or is cancelled; all three are borrowed until completion, and nobody
 * else uses reader and writer meanwhile. A byte is read when the writer has
 * taken it, so that a copy may go on where the last one ended. No more is read
 * than the writer takes: a slow one slows the reader. The bytes are the
 * writer's then, to be flushed.
 *
 * A block larger than the writer's buffer is written from where it lies in the
 * reader's. From a file with an offset to a file at its current position (-1)
 * the system copies (vt_fs_sendfile), where it does not refuse. */
VT_API VT_MUST_USE vt_t vt_copy(vt_reader_t *reader, vt_writer_t *writer,
                                uint64_t limit, vt_copied_t *out);

#ifdef __cplusplus
}
#endif
#endif
