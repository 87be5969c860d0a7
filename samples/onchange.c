/* SPDX-License-Identifier: MIT */
/* Shows: changes of files awaited, and a program run for each and awaited too.
 * What changes while it runs is kept, and SIGINT or SIGTERM ends it all.
 *
 * Usage: onchange COMMAND FILE...
 * Try:   build/release/samples/onchange 'date' README.md
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <vt.h>

/* One file. What a wait writes to is no frame's, for frames move. */
struct watch {
  const char *command, *path;
  vt_fs_event_t *event;
  vt_fs_change_t change;
};

struct run {
  vt_frame_t vt;
  char *args[4];
  vt_process_t *process;
};

static vt_t run_body(void *frame) {
  struct run *f = frame;
  VT_BEGIN(f);
  uv_stdio_container_t stdio[3] = {{.flags = UV_IGNORE},
                                   {.flags = UV_INHERIT_FD, .data.fd = 1},
                                   {.flags = UV_INHERIT_FD, .data.fd = 2}};
  uv_process_options_t options = {
      .file = f->args[0], .args = f->args, .stdio = stdio, .stdio_count = 3};
  int rc = vt_spawn(&options, &f->process);
  if (rc != 0)
    VT_RETURN(f, vt_failed(rc));
  VT_TRY(f, vt_process_wait(f->process));
  VT_FINALLY(f);
  if (f->process)
    VT_TRY(f, vt_process_close(f->process));
  VT_END(f);
}

static vt_t run(const char *command) {
  struct run f = {.args = {"sh", "-c", (char *)(uintptr_t)command}};
  return vt_start(&f, run_body);
}

struct follow {
  vt_frame_t vt;
  struct watch *watch;
};

static vt_t follow_body(void *frame) {
  struct follow *f = frame;
  VT_BEGIN(f);
  for (;;) {
    VT_TRY(f, vt_fs_event_wait(f->watch->event, &f->watch->change));
    printf("%s: %s%s\n", f->watch->path,
           f->watch->change.events & UV_RENAME ? "renamed" : "",
           f->watch->change.events & UV_CHANGE ? "changed" : "");
    fflush(stdout);
    VT_TRY(f, run(f->watch->command));
  }
  VT_FINALLY(f);
  VT_TRY(f, vt_fs_event_close(f->watch->event));
  VT_END(f);
}

/* Begins to follow the files, in the scope. */
static int follow_all(vt_scope_t *scope, struct watch *watches, char **argv) {
  int rc = 0;
  for (int i = 0; argv[i + 2] && rc == 0; i++) {
    struct watch *w = &watches[i];
    struct follow f = {.watch = w};
    w->command = argv[1];
    w->path = argv[i + 2];
    rc = vt_fs_event_new(w->path, 0, 0, &w->event);
    if (rc != 0) {
      fprintf(stderr, "onchange: %s: %s\n", w->path, vt_strerror(rc));
      break;
    }
    rc = vt_scope_start(scope, &f, sizeof f, follow_body);
    if (rc != 0)
      vt_forget(vt_fs_event_close(w->event));
  }
  return rc;
}

static vt_result_t follow_until_told(vt_loop_t *loop, struct watch *watches,
                                     char **argv) {
  vt_scope_options_t fail_fast = {.flags = VT_SCOPE_FAIL_FAST};
  vt_scope_t *scope;
  vt_result_t r = {vt_scope_new(&fail_fast, &scope), {0}};
  if (r.status != 0)
    return r;
  r.status = follow_all(scope, watches, argv);
  if (r.status != 0)
    vt_scope_cancel(scope, r.status);
  else
    printf("watching\n");
  fflush(stdout);
  return vt_loop_run(loop,
                     VT_RACE(0, vt_signal_once(SIGINT), vt_signal_once(SIGTERM),
                             vt_scope_join(scope)));
}

int main(int argc, char **argv) {
  vt_loop_t *loop = NULL;
  if (argc < 3 || vt_loop_attach(uv_default_loop(), &loop) != 0)
    return 2;
  struct watch *watches = calloc((size_t)argc, sizeof *watches);
  vt_result_t r = {UV_ENOMEM, {0}};
  if (watches)
    r = follow_until_told(loop, watches, argv);
  if (r.status != 0)
    fprintf(stderr, "onchange: %s\n", vt_strerror(r.status));
  if (vt_loop_detach(loop, NULL) != 0)
    return 1;
  uv_run(uv_default_loop(), UV_RUN_DEFAULT);
  free(watches);
  return uv_loop_close(uv_default_loop()) == 0 && r.status == 0 ? 0 : 1;
}
