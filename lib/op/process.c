/* SPDX-License-Identifier: MIT */
/* Processes.
 *
 * libuv collects a child's exit only while its handle is open. So a close of
 * one that runs is put off until on_exit, and no zombie is left; but for those
 * that were started to outlive us.
 *
 * What can go wrong: uv_spawn leaves an open handle when it fails, which is
 * closed by itself; it asserts what is asked of the options, so that is looked
 * at first. */
#include "vt/process.h"

#include <stdio.h>

#include "op/watch.h"

enum {
  ALL_FLAGS = UV_PROCESS_SETUID | UV_PROCESS_SETGID |
              UV_PROCESS_WINDOWS_VERBATIM_ARGUMENTS | UV_PROCESS_DETACHED |
              UV_PROCESS_WINDOWS_HIDE | UV_PROCESS_WINDOWS_HIDE_CONSOLE |
              UV_PROCESS_WINDOWS_HIDE_GUI,
  ALL_STDIO = UV_CREATE_PIPE | UV_INHERIT_FD | UV_INHERIT_STREAM
};

struct vt_process {
  vt__watch_t watch;
  bool detached; /* not ours to wait for */
  bool runs;
  int64_t exit; /* as vt_process_wait tells it */
};

static void describe(const vt__handle_t *handle, char *text, size_t size) {
  snprintf(text, size, "pid %d",
           (int)((const vt_process_t *)handle)->watch.own.process.pid);
}

/* Not before the child has ended: else nobody would reap it. */
static void process_close(vt__handle_t *handle) {
  const vt_process_t *p = (const vt_process_t *)handle;
  if (!p->runs || p->detached)
    vt__handle_close_now(handle);
  else
    uv_ref(handle->uv); /* the close may have no operation to hold the loop */
}

static const vt__handle_kind_t process_kind = {.name = "process",
                                               .close = process_close,
                                               .closed = vt__watch_closed,
                                               .describe = describe};
static const vt_op_kind_t wait_kind = VT__WATCH_KIND("process_wait");

static vt_result_t ended(const vt_process_t *p) {
  vt_result_t r = {0, {.i = p->exit}};
  return r;
}

static void on_exit(uv_process_t *handle, int64_t status, int signum) {
  vt_process_t *p = (vt_process_t *)vt__handle_of(handle);
  p->runs = false;
  p->exit = signum != 0 ? -signum : status;
  if (p->watch.head.closing)
    vt__handle_close_now(&p->watch.head);
  vt__watch_serve(&p->watch, ended(p), 0);
}

/* ---- starting ---- */

static int check_stdio(const uv_stdio_container_t *stdio) {
  int how = stdio->flags & ALL_STDIO;
  if (how == UV_IGNORE || how == UV_INHERIT_FD)
    return 0;
  if (how != UV_CREATE_PIPE && how != UV_INHERIT_STREAM)
    return UV_EINVAL;
  return stdio->data.stream ? 0 : UV_EINVAL;
}

static int check_options(const uv_process_options_t *options) {
  int rc = 0;
  if (!options || !options->file || !options->args || options->exit_cb ||
      options->flags & ~(unsigned)ALL_FLAGS)
    return UV_EINVAL;
  if (options->stdio_count < 0 || (options->stdio_count > 0 && !options->stdio))
    return UV_EINVAL;
  for (int i = 0; i < options->stdio_count && rc == 0; i++)
    rc = check_stdio(&options->stdio[i]);
  return rc;
}

int vt_spawn(const uv_process_options_t *options, vt_process_t **out) {
  vt_process_t *p;
  int rc = check_options(options);
  if (rc == 0)
    rc = vt__watch_new(&process_kind, sizeof *p, &p);
  if (rc != 0)
    return rc;
  uv_process_options_t ours = *options;
  ours.exit_cb = on_exit;
  p->detached = options->flags & UV_PROCESS_DETACHED;
  rc = uv_spawn(p->watch.head.loop->uv, &p->watch.own.process, &ours);
  p->runs = rc == 0;
  vt__handle_made(&p->watch.head);
  return vt__watch_started(&p->watch, rc, out);
}

/* ---- the rest ---- */

vt_t vt_process_wait(vt_process_t *p) {
  int rc = vt__handle_check((vt__handle_t *)p);
  if (rc != 0)
    return vt_failed(rc);
  if (!p->runs)
    return vt_from_result(ended(p));
  return vt__watch_wait(&p->watch, &wait_kind, NULL);
}

int vt_process_kill(vt_process_t *p, int signum) {
  int rc = vt__handle_check((vt__handle_t *)p);
  if (rc != 0 && rc != UV_EBADF)
    return rc;
  if (!p->runs)
    return UV_ESRCH;
  return uv_process_kill(&p->watch.own.process, signum);
}

vt_t vt_process_close(vt_process_t *p) {
  return vt__handle_close((vt__handle_t *)p);
}

uv_process_t *vt_process_uv(vt_process_t *p) { return &p->watch.own.process; }
