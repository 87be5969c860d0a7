/* SPDX-License-Identifier: MIT */
/* Opens and stats that memory can answer (Linux).
 *
 * Happy path: the path is opened with O_PATH and RESOLVE_CACHED, which neither
 * waits nor wakes a FIFO or a device; statx without a sync tells what it is. A
 * regular file or a directory of a local file system is then opened in earnest,
 * again by cached names and with O_NONBLOCK, since a FIFO or a lease may have
 * come meanwhile; a regular file that took its place is as good an answer. It
 * is never closed again then: a close would drop the fcntl locks that this
 * process has on that file. Stats are filled from the same look, or by libuv's
 * own fstat on the descriptor where its versions differ.
 *
 * Local: statx answers the attributes immutable, append and nodump for what the
 * file system could have, which network file systems, FUSE and /proc do not;
 * this also holds through overlayfs, and when a device number is used again.
 * Then, and only then, statfs does not wait, and tells the cluster file systems
 * apart, once for a device. (A list of mounts was tried on paper: its numbers
 * are used again, and btrfs has others.)
 *
 * What can go wrong: anything at all is the pool's to do again, and to answer.
 * Refusals that will not change are noted for the process. */
#define _GNU_SOURCE /* statx, O_PATH */
#include "op/hot.h"

#include "core/loop.h"
#include "op/hot_probe.h"
#include "vt/hot.h"

void vt_fs_set_hot(vt_loop_t *loop, bool hot) {
  if (loop)
    loop->files.off = !hot;
}

#ifdef VT__HOT

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdatomic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/membership.h"

/* ---- what the process has learnt ---- */

static _Atomic unsigned refused;

void vt__hot_refuse(enum vt__hot_call call) {
  atomic_fetch_or_explicit(&refused, (unsigned)call, memory_order_relaxed);
}

vt_loop_t *vt__hot_loop(unsigned calls) {
  vt_loop_t *loop = vt__current;
  if (!VT_LIKELY(loop && !loop->files.off))
    return NULL;
  if (!VT_LIKELY(!loop->scope || loop->scope->reason == 0))
    return NULL;
  if (atomic_load_explicit(&refused, memory_order_relaxed) & calls)
    return NULL;
  return loop;
}

/* ---- the calls ---- */

/* As linux/openat2.h, which is younger than some C libraries' headers. */
struct how {
  uint64_t flags;
  uint64_t mode;
  uint64_t resolve;
};
#define HOW_CACHED UINT64_C(0x20)

static int open_cached(const char *path, int flags) {
  struct how how = {(uint64_t)(flags | O_CLOEXEC), 0, HOW_CACHED};
  int fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
  return fd >= 0 ? fd : -errno;
}

/* The file's place in the tree, without opening it; -1. */
static int find_cached(const char *path, int flags) {
  int fd = open_cached(path, O_PATH | flags);
  if (fd == -ENOSYS || fd == -EPERM || fd == -EINVAL)
    vt__hot_refuse(VT__HOT_OPEN);
  return fd >= 0 ? fd : -1;
}

bool vt__hot_look(int fd, struct statx *out) {
  long rc = syscall(SYS_statx, fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC,
                    STATX_BASIC_STATS | STATX_BTIME, out);
  if (rc < 0 && (errno == ENOSYS || errno == EPERM || errno == EINVAL))
    vt__hot_refuse(VT__HOT_LOOK);
  return rc == 0;
}

/* ---- local file systems ---- */

#define FS_XFS 0x58465342
#define FS_ZFS 0x2fc12fc1
#define FS_BCACHEFS 0xca451a4e

static bool is_local_type(uint32_t type) {
  switch (type) {
  case EXT4_SUPER_MAGIC:
  case FS_XFS:
  case BTRFS_SUPER_MAGIC:
  case F2FS_SUPER_MAGIC:
  case TMPFS_MAGIC:
  case OVERLAYFS_SUPER_MAGIC:
  case FS_ZFS:
  case FS_BCACHEFS:
    return true;
  default:
    return false;
  }
}

static bool ask_device(int fd) {
  struct statfs fs;
  return fstatfs(fd, &fs) == 0 && is_local_type((uint32_t)fs.f_type);
}

/* Whether an open or a stat of fd's file cannot wait for another machine or
 * process. */
static bool is_local(vt__files_t *files, int fd, const struct statx *st) {
  uint64_t own = STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND | STATX_ATTR_NODUMP;
  uint64_t id = (uint64_t)st->stx_dev_major << 32 | st->stx_dev_minor;
  if ((st->stx_attributes_mask & own) != own)
    return false;
  for (unsigned i = 0; i < VT__DEVICES; i++)
    if (files->devices[i].known && files->devices[i].id == id)
      return files->devices[i].local;
  unsigned i = files->next_device++ % VT__DEVICES;
  files->devices[i].id = id;
  files->devices[i].known = true;
  files->devices[i].local = ask_device(fd);
  return files->devices[i].local;
}

/* ---- open ---- */

/* Those that change what is opened or create it are the pool's. */
enum {
  OPEN_FLAGS = O_CLOEXEC | O_NOFOLLOW | O_DIRECTORY | O_NOCTTY | O_LARGEFILE |
               O_NOATIME | O_NONBLOCK
};

/* A file just opened with O_NONBLOCK becomes as was asked; false when it is a
 * FIFO or the like after all. */
static bool settle(int fd, int flags) {
  return lseek(fd, 0, SEEK_CUR) >= 0 &&
         ((flags & O_NONBLOCK) || fcntl(fd, F_SETFL, flags & O_NOATIME) == 0);
}

static int open_found(vt_loop_t *loop, const char *path, int flags,
                      uint32_t mode) {
  int fd = open_cached(path, flags | O_NONBLOCK | O_NOCTTY);
  if (fd < 0)
    return -1;
  if (!settle(fd, flags)) {
    close(fd);
    return -1;
  }
  vt__file_note_t note = {.fd = fd, .hot = S_ISREG(mode) ? UINT8_MAX : 0};
  *vt__hot_note(loop, fd) = note;
  return fd;
}

uv_file vt__hot_open(const char *path, int flags) {
  struct statx st;
  vt_loop_t *loop = vt__hot_loop(VT__HOT_OPEN | VT__HOT_LOOK);
  if (!loop || flags & ~OPEN_FLAGS)
    return -1;
  int place = find_cached(path, flags & (O_NOFOLLOW | O_DIRECTORY));
  if (place < 0)
    return -1;
  bool fit = vt__hot_look(place, &st) &&
             (S_ISREG(st.stx_mode) || S_ISDIR(st.stx_mode)) &&
             is_local(&loop->files, place, &st);
  close(place); /* the file gets its number, the lowest that is free */
  return fit ? open_found(loop, path, flags, st.stx_mode) : -1;
}

void vt__hot_closed(uv_file file) {
  if (vt__current)
    vt__hot_note(vt__current, file)->fd = -1;
}

/* ---- stat ---- */

static uv_timespec_t time_of(struct statx_timestamp from) {
  uv_timespec_t to = {.tv_sec = (long)from.tv_sec, .tv_nsec = from.tv_nsec};
  return to;
}

/* As libuv fills it; not where its versions differ, in large device numbers. */
static bool fill(uv_stat_t *out, const struct statx *st) {
  if (st->stx_dev_major > 255 || st->stx_dev_minor > 255 ||
      st->stx_rdev_major != 0 || st->stx_rdev_minor != 0)
    return false;
  uv_stat_t filled = {.st_dev = st->stx_dev_major << 8 | st->stx_dev_minor,
                      .st_mode = st->stx_mode,
                      .st_nlink = st->stx_nlink,
                      .st_uid = st->stx_uid,
                      .st_gid = st->stx_gid,
                      .st_ino = st->stx_ino,
                      .st_size = st->stx_size,
                      .st_blksize = st->stx_blksize,
                      .st_blocks = st->stx_blocks,
                      .st_atim = time_of(st->stx_atime),
                      .st_mtim = time_of(st->stx_mtime),
                      .st_ctim = time_of(st->stx_ctime),
                      .st_birthtim = time_of(st->stx_btime)};
  *out = filled;
  return true;
}

static bool stat_local(vt_loop_t *loop, int fd, uv_stat_t *out) {
  struct statx st;
  uv_fs_t req;
  if (!vt__hot_look(fd, &st) || !is_local(&loop->files, fd, &st))
    return false;
  if (fill(out, &st))
    return true;
  int rc = uv_fs_fstat(loop->uv, &req, fd, NULL);
  if (rc == 0)
    *out = req.statbuf;
  uv_fs_req_cleanup(&req);
  return rc == 0;
}

bool vt__hot_fstat(uv_file file, uv_stat_t *out) {
  vt_loop_t *loop = vt__hot_loop(VT__HOT_LOOK);
  return loop && stat_local(loop, file, out);
}

bool vt__hot_stat(const char *path, bool follow, uv_stat_t *out) {
  vt_loop_t *loop = vt__hot_loop(VT__HOT_OPEN | VT__HOT_LOOK);
  int place = loop ? find_cached(path, follow ? 0 : O_NOFOLLOW) : -1;
  if (place < 0)
    return false;
  bool hit = stat_local(loop, place, out);
  close(place);
  return hit;
}

#else

uv_file vt__hot_open(const char *path, int flags) {
  (void)path;
  (void)flags;
  return -1;
}

void vt__hot_closed(uv_file file) { (void)file; }

bool vt__hot_fstat(uv_file file, uv_stat_t *out) {
  (void)file;
  (void)out;
  return false;
}

bool vt__hot_stat(const char *path, bool follow, uv_stat_t *out) {
  (void)path;
  (void)follow;
  (void)out;
  return false;
}

#endif
