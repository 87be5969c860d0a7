/* SPDX-License-Identifier: MIT */
/* vt_loop_reserve: libuv's table of descriptors, made long enough.
 *
 * libuv keeps a table by descriptor, and aborts the process when it cannot make
 * it longer. A handle of our own polls a high descriptor for a moment, which
 * lengthens it, and is closed in the next turn; it frees itself.
 *
 * What can go wrong: no memory. It is asked for here first, with room for the
 * table, since libuv would abort even now. */
#include "base/alloc.h"
#include "core/loop.h"

/* 8 bytes each, to the next power of two, less the two that libuv adds. */
enum { TABLE = (1 << 14) - 2 };

#ifdef _WIN32

int vt_loop_reserve(vt_loop_t *loop) {
  return loop ? 0 : UV_EINVAL; /* it has no such table there */
}

#else

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

static void on_closed(uv_handle_t *handle) { vt__free(handle); }

/* The highest descriptor that may come and that the table is made for. */
static int high_number(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= TABLE)
    return TABLE - 1;
  return (int)limit.rlim_cur - 1;
}

/* One that can be polled, with the highest number, or a status. */
static int high_descriptor(void) {
  uv_file pipe[2];
  int rc = uv_pipe(pipe, 0, 0);
  if (rc != 0)
    return rc;
  int high = fcntl(pipe[0], F_DUPFD_CLOEXEC, high_number());
  rc = high >= 0 ? 0 : uv_translate_sys_error(errno);
  close(pipe[0]);
  close(pipe[1]);
  return rc == 0 ? high : rc;
}

static bool has_memory(int high) {
  void *table = vt__calloc(2 * ((size_t)high + 2), sizeof(void *));
  vt__free(table);
  return table != NULL;
}

static int lengthen(vt_loop_t *loop, uv_poll_t *poll, int high) {
  int rc = has_memory(high) ? uv_poll_init(loop->uv, poll, high) : UV_ENOMEM;
  if (rc != 0) {
    vt__free(poll);
    return rc;
  }
  uv_poll_start(poll, UV_READABLE, NULL);
  uv_poll_stop(poll);
  uv_close((uv_handle_t *)poll, on_closed);
  return 0;
}

int vt_loop_reserve(vt_loop_t *loop) {
  if (!loop)
    return UV_EINVAL;
  if (loop != vt__current)
    return (int)vt__misuse(VT_ETHREAD);
  uv_poll_t *poll = vt__malloc(sizeof *poll);
  if (!poll)
    return UV_ENOMEM;
  int high = high_descriptor();
  if (high < 0) {
    vt__free(poll);
    return high;
  }
  int rc = lengthen(loop, poll, high);
  close(high);
  return rc;
}

#endif
