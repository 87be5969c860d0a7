/* SPDX-License-Identifier: MIT */
/* A file system that copies holes as holes. libuv calls copy_file_range by its
 * number, newer ones by its name, and sendfile where there is none. The
 * functions are called on the threads of libuv's pool: the settings are
 * atomic. */
#include "support/shim/hole.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef long syscall_fn(long number, ...);

/* The most that the kernel copies in one call. */
enum { KERNEL_MOST = 0x7ffff000 };

static atomic_bool on;
static atomic_uint_fast64_t copied;

void hole_begin(void) {
  copied = 0;
  on = true;
}

void hole_end(void) { on = false; }

uint64_t hole_copied(void) { return copied; }

static syscall_fn *real(void) {
  syscall_fn *fn;
  *(void **)&fn = dlsym(RTLD_NEXT, "syscall");
  return fn;
}

/* Only holes are asked for. */
static long copy(int in, int64_t *from, int out, size_t size) {
  struct stat st;
  if (fstat(in, &st) != 0)
    return -1;
  if (size > KERNEL_MOST)
    size = KERNEL_MOST;
  if (*from >= st.st_size)
    return 0;
  if ((int64_t)size > st.st_size - *from)
    size = (size_t)(st.st_size - *from);
  off_t to = lseek(out, (off_t)size, SEEK_CUR);
  if (to < 0 || ftruncate(out, to) != 0)
    return -1;
  *from += (int64_t)size;
  copied += size;
  return (long)size;
}

/* Seen by libuv in place of the C library's: exported, whatever the build
 * hides. */
#pragma GCC visibility push(default)

long syscall(long number, ...) {
  long a[6];
  va_list args;
  va_start(args, number);
  for (int i = 0; i < 6; i++)
    a[i] = va_arg(args, long);
  va_end(args);
  if (number == SYS_copy_file_range && on)
    return copy((int)a[0], (int64_t *)a[1], (int)a[2], (size_t)a[4]);
  return real()(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

ssize_t copy_file_range(int in, int64_t *from, int out, int64_t *to,
                        size_t size, unsigned flags) {
  if (on)
    return copy(in, from, out, size);
  return real()(SYS_copy_file_range, in, from, out, to, size, flags);
}

/* The name by which a libuv with 64-bit offsets calls it. */
ssize_t sendfile64(int out, int in, int64_t *from, size_t size);
ssize_t sendfile64(int out, int in, int64_t *from, size_t size) {
  if (on)
    return copy(in, from, out, size);
  return real()(SYS_sendfile, out, in, from, size);
}

#pragma GCC visibility pop
