/* SPDX-License-Identifier: MIT */
/* Reads that the page cache can answer (Linux).
 *
 * Happy path: the file is a regular one, as a look at it some reads ago said;
 * preadv2 with RWF_NOWAIT copies what is cached, and that was all that was
 * asked for. A short count is looked into: up to the end of the file it is the
 * answer, else the pool reads on from there.
 *
 * The look comes first because RWF_NOWAIT waits for the device with O_DIRECT,
 * and because what is no regular file is read in the order of the pool's queue.
 * It is repeated every now and then, and after a short count, as the number may
 * be another file's by now: that costs time at worst. A file of which nothing
 * is cached, or that cannot tell, is left alone for a while that doubles, to 64
 * reads: each try costs a system call.
 *
 * What can go wrong: not cached, or any error: the pool's, from the beginning.
 * What was read before the rest failed, was cancelled or had no memory is the
 * result: of a read at the current position it would be lost. */
#define _GNU_SOURCE /* RWF_NOWAIT, O_DIRECT */
#include "op/hot.h"

#include "op/fs.h"
#include "op/hot_probe.h"

#ifdef VT__HOT

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Copying that much takes 7 to 30 us, and the way to the pool and back 17. */
enum { HOT_MOST = 256 << 10, FS_MOST = 1 << 30 };

/* Reads until the next look, the longest pause, and how many on end that are
 * not cached begin one. */
enum { HOT_LOOK = UINT8_MAX, HOT_COLD = 64, HOT_MISSES = 4 };

static ssize_t read_cached(int fd, void *buffer, size_t size, int64_t offset) {
  struct iovec iov = {buffer, size < HOT_MOST ? size : HOT_MOST};
  /* The offset's halves, for 32 bits; 64 bits take it whole from the first. */
  return syscall(SYS_preadv2, fd, &iov, 1UL, (long)offset, (long)(offset >> 32),
                 RWF_NOWAIT);
}

/* ---- whether to try ---- */

static void leave_alone(vt__file_note_t *note) {
  unsigned reads = note->colder ? 2U * note->colder : 1;
  note->hot = 0;
  note->colder = (uint8_t)(reads < HOT_COLD ? reads : HOT_COLD);
  note->cold = note->colder;
}

static VT_COLD bool look_first(vt__file_note_t *note) {
  struct statx st;
  if (note->cold > 0) {
    note->cold--;
    return false;
  }
  int flags = fcntl(note->fd, F_GETFL);
  if (flags < 0 || flags & (O_DIRECT | O_PATH) ||
      !vt__hot_look(note->fd, &st) || !S_ISREG(st.stx_mode)) {
    leave_alone(note);
    return false;
  }
  note->hot = HOT_LOOK;
  return true;
}

/* Notes why a read was not answered. */
static VT_COLD void note_failure(vt__file_note_t *note, int error) {
  if (error == EAGAIN && note->missed < HOT_MISSES) {
    note->missed++;
    return;
  }
  leave_alone(note);
  if (error != ENOSYS && error != EPERM)
    return;
  /* A filter answers so before the kernel looks at the number. */
  if (read_cached(-1, NULL, 0, 0) < 0 && errno != EBADF)
    vt__hot_refuse(VT__HOT_READ);
}

/* ---- the rest ---- */

/* The count of both parts; the first stays when the second has failed. */
static vt_result_t finish_rest(vt__fs_op_t *f, vt_result_t r) {
  vt_result_t whole = {0, {.u = f->size}};
  if (r.status == 0)
    whole.value.u += r.value.u;
  return whole;
}

static const vt__fs_kind_t rest_kind = {VT__FS_FILE("fs_read"),
                                        .finish = finish_rest};

static vt_t read_rest(uv_file file, uv_buf_t buf, int64_t offset, size_t part) {
  vt__fs_op_t *f;
  int rc = vt__fs_begin(&rest_kind, file, &f);
  if (rc == 0) {
    f->size = part;
    rc = uv_fs_read(vt_op_uv(f), &f->req, file, &buf, 1, offset, vt__fs_done);
  }
  vt_t v = vt__fs_started(f, rc);
  return vt_in_hand(v) ? vt_from_uint(part) : v;
}

/* After a short count: whether the file ends there, or is one where a short
 * count is the answer. */
static bool is_whole(int fd, int64_t end) {
  struct statx st;
  if (end < 0)
    end = lseek(fd, 0, SEEK_CUR);
  return vt__hot_look(fd, &st) &&
         (!S_ISREG(st.stx_mode) || end >= (int64_t)st.stx_size);
}

static VT_COLD vt_t read_on(uv_file file, uv_buf_t buf, int64_t offset,
                            size_t part) {
  int64_t at = offset < 0 ? -1 : offset + (int64_t)part;
  if (is_whole(file, at))
    return vt_from_uint(part);
  buf.base += part;
  buf.len -= part;
  return read_rest(file, buf, at, part);
}

bool vt__hot_read(uv_file file, void *buffer, size_t size, int64_t offset,
                  vt_t *out) {
  vt_loop_t *loop = vt__hot_loop(VT__HOT_READ | VT__HOT_LOOK);
  if (!loop || size == 0 || file < 0)
    return false;
  vt__file_note_t *note = vt__hot_note(loop, file);
  if (!VT_LIKELY(note->hot > 0) && !look_first(note))
    return false;
  note->hot--;
  ssize_t count = read_cached(file, buffer, size, offset);
  if (count < 0) {
    note_failure(note, errno);
    return false;
  }
  note->colder = 0;
  note->missed = 0;
  if (VT_LIKELY((size_t)count == size || count == 0)) {
    *out = vt_from_uint((uint64_t)count);
    return true;
  }
  uv_buf_t buf = {.base = buffer, .len = size < FS_MOST ? size : FS_MOST};
  *out = read_on(file, buf, offset, (size_t)count);
  return true;
}

#else

bool vt__hot_read(uv_file file, void *buffer, size_t size, int64_t offset,
                  vt_t *out) {
  (void)file;
  (void)buffer;
  (void)size;
  (void)offset;
  (void)out;
  return false;
}

#endif
