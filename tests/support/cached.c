/* SPDX-License-Identifier: MIT */
/* Whether memory can be asked for files here. */
#define _GNU_SOURCE /* RWF_NOWAIT, statx */
#include "support/cached.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "support/fixture.h"

static bool reads(int fd) {
#if defined(__linux__) && defined(SYS_preadv2) && defined(RWF_NOWAIT)
  char byte;
  struct iovec iov = {&byte, 1};
  return syscall(SYS_preadv2, fd, &iov, 1UL, 0L, 0L, RWF_NOWAIT) == 1;
#else
  (void)fd;
  return false;
#endif
}

static bool opens(const char *path) {
#if defined(__linux__) && defined(SYS_openat2) && defined(SYS_statx)
  uint64_t how[3] = {O_PATH | O_CLOEXEC, 0, 0x20 /* RESOLVE_CACHED */};
  struct statx st;
  int fd = (int)syscall(SYS_openat2, AT_FDCWD, path, how, sizeof how);
  if (fd < 0)
    return false;
  long rc = syscall(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &st);
  close(fd);
  return rc == 0 && st.stx_attributes_mask & STATX_ATTR_NODUMP;
#else
  (void)path;
  return false;
#endif
}

void cached_need(int fd) {
  if (getenv("VT_TEST_COLD") || !reads(fd))
    skip();
}

void cached_need_path(const char *path) {
  if (getenv("VT_TEST_COLD") || !opens(path))
    skip();
}
