/* SPDX-License-Identifier: MIT */
/* Simulated file requests: the real system calls, made when the request begins,
 * with errors and short counts by the options. Without a callback they are made
 * at once and without faults, as libuv's are made without the loop. */
#include "support/sim/sim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* ---- the system calls ---- */

static ssize_t result_of(ssize_t rc) { return rc < 0 ? -errno : rc; }

static ssize_t do_open(uv_fs_t *req) {
  return result_of(open(req->path, req->flags | O_CLOEXEC, req->mode));
}

static ssize_t do_read(uv_fs_t *req) {
  const struct iovec *bufs = (const struct iovec *)(void *)req->bufs;
  int count = (int)req->nbufs;
  return result_of(req->off < 0 ? readv(req->file, bufs, count)
                                : preadv(req->file, bufs, count, req->off));
}

static ssize_t do_write(uv_fs_t *req) {
  const struct iovec *bufs = (const struct iovec *)(void *)req->bufs;
  int count = (int)req->nbufs;
  return result_of(req->off < 0 ? writev(req->file, bufs, count)
                                : pwritev(req->file, bufs, count, req->off));
}

static uv_timespec_t timespec_of(struct timespec from) {
  uv_timespec_t to;
  memset(&to, 0, sizeof to);
  to.tv_sec = from.tv_sec;
  to.tv_nsec = from.tv_nsec;
  return to;
}

static void fill(uv_stat_t *to, const struct stat *from) {
  memset(to, 0, sizeof *to);
  to->st_dev = from->st_dev;
  to->st_mode = from->st_mode;
  to->st_nlink = from->st_nlink;
  to->st_uid = from->st_uid;
  to->st_gid = from->st_gid;
  to->st_rdev = from->st_rdev;
  to->st_ino = from->st_ino;
  to->st_size = (uint64_t)from->st_size;
  to->st_blksize = (uint64_t)from->st_blksize;
  to->st_blocks = (uint64_t)from->st_blocks;
  to->st_atim = timespec_of(from->st_atim);
  to->st_mtim = timespec_of(from->st_mtim);
  to->st_ctim = timespec_of(from->st_ctim);
  to->st_birthtim = timespec_of(from->st_ctim);
}

static ssize_t do_fstat(uv_fs_t *req) {
  struct stat stat;
  ssize_t rc = result_of(fstat(req->file, &stat));
  if (rc == 0) {
    fill(&req->statbuf, &stat);
    req->ptr = &req->statbuf;
  }
  return rc;
}

static ssize_t do_fsync(uv_fs_t *req) { return result_of(fsync(req->file)); }

static ssize_t do_fdatasync(uv_fs_t *req) {
  return result_of(fdatasync(req->file));
}

/* A close is never made twice. */
static ssize_t do_close(uv_fs_t *req) {
  ssize_t rc = result_of(close(req->file));
  return rc == -EINTR ? 0 : rc;
}

static ssize_t perform(uv_fs_t *req) {
  static ssize_t (*const calls[])(uv_fs_t *) = {
      [UV_FS_OPEN] = do_open,           [UV_FS_CLOSE] = do_close,
      [UV_FS_READ] = do_read,           [UV_FS_WRITE] = do_write,
      [UV_FS_FSTAT] = do_fstat,         [UV_FS_FSYNC] = do_fsync,
      [UV_FS_FDATASYNC] = do_fdatasync,
  };
  ssize_t rc;
  do
    rc = calls[req->fs_type](req);
  while (rc == -EINTR);
  return rc;
}

/* ---- faults ---- */

/* Cuts the buffers to a part of what they hold, at least a byte. */
static void shorten(uv_fs_t *req) {
  size_t whole = 0;
  for (unsigned i = 0; i < req->nbufs; i++)
    whole += req->bufs[i].len;
  if (whole < 2)
    return;
  size_t left = 1 + (size_t)vt__sim_random(whole - 1);
  for (unsigned i = 0; i < req->nbufs; i++) {
    if (req->bufs[i].len > left)
      req->bufs[i].len = left;
    left -= req->bufs[i].len;
  }
}

static int error_of(uv_fs_type type) {
  static const int of_open[] = {UV_EMFILE, UV_EACCES, UV_EIO};
  static const int of_write[] = {UV_ENOSPC, UV_EFBIG, UV_EIO};
  switch (type) {
  case UV_FS_OPEN:
    return of_open[vt__sim_random(3)];
  case UV_FS_WRITE:
    return of_write[vt__sim_random(3)];
  default:
    return UV_EIO;
  }
}

void vt__sim_fs_begin(uv_fs_t *req) {
  const vt_sim_options_t *options = &vt__sim_world.options;
  bool fails = vt__sim_percent(options->fs_error_percent);
  if (req->fs_type == UV_FS_READ &&
      vt__sim_percent(options->short_read_percent))
    shorten(req);
  if (req->fs_type == UV_FS_WRITE &&
      vt__sim_percent(options->short_write_percent))
    shorten(req);
  if (!fails || req->fs_type == UV_FS_CLOSE)
    req->result = perform(req);
  if (fails)
    req->result = error_of(req->fs_type);
}

/* ---- libuv's functions ---- */

static int prepare(uv_loop_t *uv, uv_fs_t *req, uv_fs_type type, uv_fs_cb cb) {
  if (!req)
    return UV_EINVAL;
  req->type = UV_FS;
  req->fs_type = type;
  req->loop = uv;
  req->cb = cb;
  req->result = 0;
  req->ptr = NULL;
  req->path = NULL;
  req->new_path = NULL;
  req->bufs = NULL;
  req->nbufs = 0;
  return 0;
}

/* At once without a callback, else through the loop. */
static int go(uv_fs_t *req) {
  if (req->cb) {
    int rc = vt__sim_submit(req->loop, (uv_req_t *)req);
    if (rc != 0)
      uv_fs_req_cleanup(req);
    return rc;
  }
  req->result = perform(req);
  return (int)req->result;
}

/* The buffers' descriptions are copied: the caller's array may go. */
static int take_bufs(uv_fs_t *req, const uv_buf_t *bufs, unsigned count) {
  if (!bufs || count == 0)
    return UV_EINVAL;
  req->bufs = req->bufsml;
  if (count > sizeof req->bufsml / sizeof *req->bufsml)
    req->bufs = malloc(count * sizeof *bufs);
  if (!req->bufs)
    return UV_ENOMEM;
  memcpy(req->bufs, bufs, count * sizeof *bufs);
  req->nbufs = count;
  return 0;
}

void uv_fs_req_cleanup(uv_fs_t *req) {
  if (!req)
    return;
  if (req->bufs != req->bufsml)
    free(req->bufs);
  free((char *)(uintptr_t)req->path);
  req->bufs = NULL;
  req->path = NULL;
  req->ptr = NULL;
}

int uv_fs_open(uv_loop_t *uv, uv_fs_t *req, const char *path, int flags,
               int mode, uv_fs_cb cb) {
  int rc = path ? prepare(uv, req, UV_FS_OPEN, cb) : UV_EINVAL;
  if (rc != 0)
    return rc;
  req->path = strdup(path);
  if (!req->path)
    return UV_ENOMEM;
  req->flags = flags;
  req->mode = (mode_t)mode;
  return go(req);
}

/* Goes on with a read or a write. */
static int of_bufs(uv_fs_t *req, const uv_buf_t *bufs, unsigned int count,
                   int64_t offset) {
  int rc = take_bufs(req, bufs, count);
  if (rc != 0)
    return rc;
  req->off = offset;
  return go(req);
}

int uv_fs_read(uv_loop_t *uv, uv_fs_t *req, uv_file file, const uv_buf_t *bufs,
               unsigned int count, int64_t offset, uv_fs_cb cb) {
  int rc = prepare(uv, req, UV_FS_READ, cb);
  if (rc != 0)
    return rc;
  req->file = file;
  return of_bufs(req, bufs, count, offset);
}

int uv_fs_write(uv_loop_t *uv, uv_fs_t *req, uv_file file, const uv_buf_t *bufs,
                unsigned int count, int64_t offset, uv_fs_cb cb) {
  int rc = prepare(uv, req, UV_FS_WRITE, cb);
  if (rc != 0)
    return rc;
  req->file = file;
  return of_bufs(req, bufs, count, offset);
}

/* The requests that have a file and nothing else. */
static int of_file(uv_loop_t *uv, uv_fs_t *req, uv_fs_type type, uv_file file,
                   uv_fs_cb cb) {
  int rc = prepare(uv, req, type, cb);
  if (rc != 0)
    return rc;
  req->file = file;
  return go(req);
}

int uv_fs_close(uv_loop_t *uv, uv_fs_t *req, uv_file file, uv_fs_cb cb) {
  return of_file(uv, req, UV_FS_CLOSE, file, cb);
}

int uv_fs_fstat(uv_loop_t *uv, uv_fs_t *req, uv_file file, uv_fs_cb cb) {
  return of_file(uv, req, UV_FS_FSTAT, file, cb);
}

int uv_fs_fsync(uv_loop_t *uv, uv_fs_t *req, uv_file file, uv_fs_cb cb) {
  return of_file(uv, req, UV_FS_FSYNC, file, cb);
}

int uv_fs_fdatasync(uv_loop_t *uv, uv_fs_t *req, uv_file file, uv_fs_cb cb) {
  return of_file(uv, req, UV_FS_FDATASYNC, file, cb);
}
