/* SPDX-License-Identifier: MIT */
/* Objects whose events come again and again. */
#include "support/watched.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static uv_loop_t *here(void) { return vt_loop_uv(vt_loop_current()); }

/* ---- signal ---- */

static int signal_open(struct watched *w, bool wrapped) {
  vt_signal_t **out = (vt_signal_t **)&w->object;
  if (!wrapped)
    return vt_signal_new(SIGUSR1, out);
  uv_signal_init(here(), &w->uv.signal);
  return vt_signal_wrap(&w->uv.signal, SIGUSR1, out);
}

static vt_t signal_wait(struct watched *w) { return vt_signal_wait(w->object); }

static void signal_trigger(struct watched *w) {
  (void)w;
  kill(getpid(), SIGUSR1);
}

static vt_t signal_close(struct watched *w) {
  return vt_signal_close(w->object);
}

static int signal_unwrap(struct watched *w) {
  return vt_signal_unwrap(w->object);
}

static uv_handle_t *signal_handle(struct watched *w) {
  return (uv_handle_t *)vt_signal_uv(w->object);
}

/* ---- poll: the reading end of a pipe, emptied before each wait ---- */

static int poll_open(struct watched *w, bool wrapped) {
  vt_poll_t **out = (vt_poll_t **)&w->object;
  if (pipe(w->fds) != 0)
    return UV_EIO;
  fcntl(w->fds[0], F_SETFL, O_NONBLOCK);
  if (!wrapped)
    return vt_poll_new(w->fds[0], out);
  uv_poll_init(here(), &w->uv.poll, w->fds[0]);
  return vt_poll_wrap(&w->uv.poll, out);
}

static vt_t poll_wait(struct watched *w) {
  char bytes[64];
  while (read(w->fds[0], bytes, sizeof bytes) > 0)
    ;
  return vt_poll_wait(w->object, UV_READABLE);
}

static void poll_trigger(struct watched *w) {
  if (write(w->fds[1], "x", 1) != 1)
    perror("write");
}

static vt_t poll_close(struct watched *w) { return vt_poll_close(w->object); }

static int poll_unwrap(struct watched *w) { return vt_poll_unwrap(w->object); }

static uv_handle_t *poll_handle(struct watched *w) {
  return (uv_handle_t *)vt_poll_uv(w->object);
}

/* ---- async ---- */

static int async_open(struct watched *w, bool wrapped) {
  return wrapped ? UV_ENOSYS : vt_async_new((vt_async_t **)&w->object);
}

static vt_t async_wait(struct watched *w) { return vt_async_wait(w->object); }

static void async_trigger(struct watched *w) { vt_async_send(w->object); }

static vt_t async_close(struct watched *w) { return vt_async_close(w->object); }

static uv_handle_t *async_handle(struct watched *w) {
  return (uv_handle_t *)vt_async_uv(w->object);
}

/* ---- process: one that runs until it is killed ---- */

static int process_open(struct watched *w, bool wrapped) {
  char *args[] = {(char[]){"sleep"}, (char[]){"1000"}, NULL};
  uv_process_options_t options = {.file = "sleep", .args = args};
  if (wrapped)
    return UV_ENOSYS;
  return vt_spawn(&options, (vt_process_t **)&w->object);
}

static vt_t process_wait(struct watched *w) {
  return vt_process_wait(w->object);
}

static void process_trigger(struct watched *w) {
  vt_process_kill(w->object, SIGKILL);
}

static vt_t process_close(struct watched *w) {
  vt_process_kill(w->object, SIGKILL);
  return vt_process_close(w->object);
}

static uv_handle_t *process_handle(struct watched *w) {
  return (uv_handle_t *)vt_process_uv(w->object);
}

/* ---- fs_event: a file ---- */

static void append(struct watched *w) {
  int fd = open(w->path, O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (fd < 0 || write(fd, "x", 1) != 1)
    perror(w->path);
  close(fd);
}

static int fs_event_open(struct watched *w, bool wrapped) {
  vt_fs_event_t **out = (vt_fs_event_t **)&w->object;
  tmp_file(w->path);
  if (!wrapped)
    return vt_fs_event_new(w->path, 0, 0, out);
  uv_fs_event_init(here(), &w->uv.fs_event);
  return vt_fs_event_wrap(&w->uv.fs_event, w->path, 0, 0, out);
}

static void fs_event_trigger(struct watched *w) { append(w); }

static vt_t fs_event_wait(struct watched *w) {
  return vt_fs_event_wait(w->object, &w->out.event);
}

static vt_t fs_event_close(struct watched *w) {
  return vt_fs_event_close(w->object);
}

static int fs_event_unwrap(struct watched *w) {
  return vt_fs_event_unwrap(w->object);
}

static uv_handle_t *fs_event_handle(struct watched *w) {
  return (uv_handle_t *)vt_fs_event_uv(w->object);
}

/* ---- fs_poll: a file that is not there at the first look ---- */

static int fs_poll_open(struct watched *w, bool wrapped) {
  vt_fs_poll_t **out = (vt_fs_poll_t **)&w->object;
  tmp_file(w->path);
  unlink(w->path);
  if (wrapped)
    uv_fs_poll_init(here(), &w->uv.fs_poll);
  int rc = wrapped ? vt_fs_poll_wrap(&w->uv.fs_poll, w->path, 1, out)
                   : vt_fs_poll_new(w->path, 1, out);
  if (rc != 0)
    return rc;
  vt_t missing = vt_fs_poll_wait(w->object, &w->out.poll);
  rc = (int)vt_loop_run(vt_loop_current(), missing).status;
  if (rc == UV_ENOENT)
    return 0;
  vt_forget(vt_fs_poll_close(w->object));
  return rc;
}

static void fs_poll_trigger(struct watched *w) { append(w); }

static vt_t fs_poll_wait(struct watched *w) {
  return vt_fs_poll_wait(w->object, &w->out.poll);
}

static vt_t fs_poll_close(struct watched *w) {
  return vt_fs_poll_close(w->object);
}

static int fs_poll_unwrap(struct watched *w) {
  return vt_fs_poll_unwrap(w->object);
}

static uv_handle_t *fs_poll_handle(struct watched *w) {
  return (uv_handle_t *)vt_fs_poll_uv(w->object);
}

/* ---- phases ---- */

static int idle_open(struct watched *w, bool wrapped) {
  if (!wrapped)
    return vt_phase_new(UV_IDLE, (vt_phase_t **)&w->object);
  uv_idle_init(here(), &w->uv.idle);
  return vt_phase_wrap(&w->uv.handle, (vt_phase_t **)&w->object);
}

static int prepare_open(struct watched *w, bool wrapped) {
  if (!wrapped)
    return vt_phase_new(UV_PREPARE, (vt_phase_t **)&w->object);
  uv_prepare_init(here(), &w->uv.prepare);
  return vt_phase_wrap(&w->uv.handle, (vt_phase_t **)&w->object);
}

static int check_open(struct watched *w, bool wrapped) {
  if (!wrapped)
    return vt_phase_new(UV_CHECK, (vt_phase_t **)&w->object);
  uv_check_init(here(), &w->uv.check);
  return vt_phase_wrap(&w->uv.handle, (vt_phase_t **)&w->object);
}

static vt_t phase_wait(struct watched *w) { return vt_phase_wait(w->object); }

/* A turn that does not sleep has all phases. */
static void phase_trigger(struct watched *w) {
  (void)w;
  vt_forget(vt_yield());
}

static vt_t phase_close(struct watched *w) { return vt_phase_close(w->object); }

static int phase_unwrap(struct watched *w) {
  return vt_phase_unwrap(w->object);
}

static uv_handle_t *phase_handle(struct watched *w) {
  return vt_phase_uv(w->object);
}

/* ---- all ---- */

#define OF(kind)                                                               \
  .wait = kind##_wait, .trigger = kind##_trigger, .close = kind##_close,       \
  .handle = kind##_handle

const struct watched_kind watched_kinds[] = {
    {"signal", signal_open, .unwrap = signal_unwrap, .keeps = true, OF(signal)},
    {"poll", poll_open, .unwrap = poll_unwrap, OF(poll)},
    {"async", async_open, .keeps = true, OF(async)},
    {"process", process_open, .ends = true, OF(process)},
    {"fs_event", fs_event_open, .unwrap = fs_event_unwrap, .keeps = true,
     OF(fs_event)},
    {"fs_poll", fs_poll_open, .unwrap = fs_poll_unwrap, .keeps = true,
     OF(fs_poll)},
    {"phase", idle_open, .unwrap = phase_unwrap, OF(phase)},
    {"phase", prepare_open, .unwrap = phase_unwrap, OF(phase)},
    {"phase", check_open, .unwrap = phase_unwrap, OF(phase)},
};
const size_t watched_count = sizeof watched_kinds / sizeof watched_kinds[0];

int watched_open(struct watched *w, const struct watched_kind *kind,
                 bool wrapped) {
  memset(w, 0, sizeof *w);
  w->kind = kind;
  w->fds[0] = w->fds[1] = -1;
  int rc = kind->open(w, wrapped);
  if (rc == 0 && wrapped)
    uv_unref(&w->uv.handle);
  return rc;
}

void watched_clean(struct watched *w) {
  for (int i = 0; i < 2; i++)
    if (w->fds[i] >= 0)
      close(w->fds[i]);
  if (w->path[0] != '\0')
    unlink(w->path);
}

void watched_end(struct fixture *f, struct watched *w) {
  assert_status(vt_loop_run(f->vt, w->kind->close(w)).status, 0);
  watched_clean(w);
}
