/* SPDX-License-Identifier: MIT */
/* A file that takes less than it is given. The functions below are called on
 * the threads of libuv's pool: the settings are atomic. */
#include "support/shim/cut.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_int cut_fd = -1;
static atomic_int refusal;
static atomic_int calls;
static atomic_size_t piece_most;
static atomic_size_t space_left;

void cut_begin(int fd, size_t piece, size_t space, int error) {
  piece_most = piece;
  space_left = space;
  refusal = error;
  calls = 0;
  cut_fd = fd;
}

void cut_end(void) { cut_fd = -1; }

int cut_calls(void) { return calls; }

/* What may be written; -1 with errno set, or 0. */
static ssize_t allowed(int fd, size_t size) {
  if (fd < 0 || fd != cut_fd)
    return (ssize_t)size;
  calls++;
  if (space_left == 0) {
    errno = refusal;
    return refusal ? -1 : 0;
  }
  if (piece_most > 0 && size > piece_most)
    size = piece_most;
  if (size > space_left)
    size = space_left;
  space_left -= size;
  return (ssize_t)size;
}

static ssize_t write_at(int fd, const void *data, size_t size, int64_t offset) {
  ssize_t n = allowed(fd, size);
  return n > 0 ? syscall(SYS_pwrite64, fd, data, (size_t)n, offset) : n;
}

enum { BLOCKS = 16 }; /* more are not cut, but taken in part */

/* The blocks, cut to what may be written; the count that is left of them. */
static ssize_t cut_blocks(int fd, const struct iovec *from, int count,
                          struct iovec to[BLOCKS], ssize_t *out) {
  size_t whole = 0;
  int used = 0;
  for (int i = 0; i < count && i < BLOCKS; i++)
    whole += from[i].iov_len;
  *out = allowed(fd, whole);
  for (size_t left = *out > 0 ? (size_t)*out : 0; left > 0; used++) {
    to[used] = from[used];
    if (to[used].iov_len > left)
      to[used].iov_len = left;
    left -= to[used].iov_len;
  }
  return used;
}

static ssize_t write_blocks_at(int fd, const struct iovec *blocks, int count,
                               int64_t offset) {
  struct iovec cut[BLOCKS];
  ssize_t n, used = cut_blocks(fd, blocks, count, cut, &n);
  return n > 0 ? syscall(SYS_pwritev, fd, cut, used, (long)offset,
                         (long)(offset >> 32))
               : n;
}

/* Seen by libuv in place of the C library's: exported, whatever the build
 * hides. */
#pragma GCC visibility push(default)

ssize_t write(int fd, const void *data, size_t size) {
  ssize_t n = allowed(fd, size);
  return n > 0 || size == 0 ? syscall(SYS_write, fd, data, (size_t)n) : n;
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) {
  return write_at(fd, data, size, offset);
}

/* The name by which a libuv with 64-bit offsets calls it. */
ssize_t pwrite64(int fd, const void *data, size_t size, int64_t offset);
ssize_t pwrite64(int fd, const void *data, size_t size, int64_t offset) {
  return write_at(fd, data, size, offset);
}

ssize_t writev(int fd, const struct iovec *blocks, int count) {
  struct iovec cut[BLOCKS];
  ssize_t n, used = cut_blocks(fd, blocks, count, cut, &n);
  return n > 0 ? syscall(SYS_writev, fd, cut, used) : n;
}

ssize_t pwritev(int fd, const struct iovec *blocks, int count, off_t offset) {
  return write_blocks_at(fd, blocks, count, offset);
}

ssize_t pwritev64(int fd, const struct iovec *blocks, int count,
                  int64_t offset);
ssize_t pwritev64(int fd, const struct iovec *blocks, int count,
                  int64_t offset) {
  return write_blocks_at(fd, blocks, count, offset);
}

#pragma GCC visibility pop
