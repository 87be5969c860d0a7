/* SPDX-License-Identifier: MIT */
/* A buffered writer to a file of a name: appended to, emptied first, or put in
 * place of the old one as a whole when it is closed. It is a vt_writer_t in all
 * else:
 *
 *     vt_writer_file_t log;
 *     VT_TRY(f, vt_writer_open_async(&log, "access.log", NULL));
 *     VT_TRY(f, vt_writer_write_all_async(&log.writer, line, size));
 *     VT_TRY(f, vt_writer_close_async(&log.writer));
 *
 * All on one loop's thread. */
#ifndef VT_WRITER_FILE_H
#define VT_WRITER_FILE_H

#include "vt/writer.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What becomes of a file that is there. */
enum {
  VT_WRITER_APPEND,   /* is written on at its end, whoever else does so */
  VT_WRITER_TRUNCATE, /* is emptied */
  /* Stays as it is until the close, which puts the new one in its place: all
   * of it is on the device then, under the old one's mode. Before that, and
   * after a crash at any point, path is the old file. The new one is in the
   * same folder, under path with a dot and six letters; a failure or
   * vt_writer_abandon removes it, a crash leaves it. A symbolic link at path is
   * itself replaced. */
  VT_WRITER_REPLACE
};

/* What may be set; zeroed: append. */
typedef struct vt_writer_file_options {
  vt_writer_options_t writer; /* closing always closes the file */
  int how;
  int mode; /* of a file that is new, as open(2)'s; replace: whole. 0: 0644 */
} vt_writer_file_options_t;

/* In the caller's memory, which must not move. Use writer, leave the rest. */
typedef struct vt_writer_file {
  vt_writer_t writer;
  vt_byte_stream_t stream;
  struct vt__writer_names *names;
  int how;
  uv_file file;
  uv_file next; /* follows file after byte number writer.split; -1: none */
  bool reopening;
  bool abandoned; /* the close does not replace */
} vt_writer_file_t;

/* Opens path for writing; borrows w until the close completes, copies path and
 * options, which may be NULL. vt_writer_close_async(&w->writer) ends it; after
 * a failure there is nothing to close. A cancelled one leaves no file open. The
 * errors of open(2); UV_EINVAL. */
VT_API VT_MUST_USE vt_t
vt_writer_open_async(vt_writer_file_t *w, const char *path,
                     const vt_writer_file_options_t *options);

/* For the rotation of logs: opens path, NULL for the one it was opened with, as
 * the file was opened, and goes on there. All bytes of writes that began before
 * it is open go to the old file, those of later ones to the new: no write is
 * split. Completes when the old file has all of its bytes and is closed, with
 * the error if that fails. Where path cannot be opened, or it is cancelled
 * before, the old file stays in use; cancelled later, only the wait ends.
 * Copies path. UV_EALREADY while one is under way, UV_ENOTSUP for a
 * replacement, else as vt_writer_flush_async. */
VT_API VT_MUST_USE vt_t vt_writer_reopen_async(vt_writer_file_t *w,
                                               const char *path);

/* A replacement that is not to be: the close drops what was written, and path
 * stays what it is. UV_EINVAL for other files. */
VT_API int vt_writer_abandon(vt_writer_file_t *w);

#ifdef __cplusplus
}
#endif
#endif
