/* SPDX-License-Identifier: MIT */
/* What the gdb script is tried on: a loop with one of each that waits, stopped
 * in stop_here. gdb.out names lines of this file. */
#include <stdio.h>
#include <vt.h>

struct fetch_frame {
  vt_frame_t vt;
  int64_t id;
  const char *name;
};

static vt_t fetch_body(void *frame) {
  struct fetch_frame *f = frame;
  VT_BEGIN(f);
  f->name = "user";
  VT_TRY(f, vt_delay(2000));
  VT_END(f);
}

struct serve_frame {
  vt_frame_t vt;
  struct fetch_frame fetch;
  int tries;
};

static vt_t serve_body(void *frame) {
  struct serve_frame *f = frame;
  VT_BEGIN(f);
  f->tries = 1;
  f->fetch.id = 42;
  VT_FINALLY(f);
  VT_TRY(f, vt_start(&f->fetch, fetch_body));
  VT_END(f);
}

struct guard_frame {
  vt_frame_t vt;
  struct fetch_frame fetch;
  int turns;
};

static vt_t guard_body(void *frame) {
  struct guard_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, vt_yield());
  f->turns = 1;
  VT_TRY(f, vt_start(&f->fetch, fetch_body));
  VT_END(f);
}

/* A function of the scope that was resumed in it. */
static vt_t guard_in(vt_scope_t *scope, vt_loop_t *loop) {
  struct guard_frame f = {.turns = 0};
  vt_scope_t *before = vt_scope_enter(scope);
  vt_t v = vt_start(&f, guard_body);
  vt_scope_leave(before);
  vt_result_t r = vt_loop_run(loop, vt_delay(1));
  return r.status == 0 ? v : vt_failed(r.status);
}

struct values {
  vt_t in_hand, failed, refused, stale, served, task, guarded;
  vt_result_t good, bad;
};

static void on_served(void *state, vt_result_t r) {
  (void)r;
  *(bool *)state = true;
}

static void stop_here(struct values *values) {
  printf("%d\n", vt_is_succeeded(values->in_hand));
}

static int run(vt_loop_t *loop) {
  bool served = false;
  struct serve_frame f = {.tries = 0};
  vt_promise_t *promise = NULL;
  vt_scope_t *scope = NULL;
  struct values v = {.in_hand = vt_from_int(42),
                     .failed = vt_failed(UV_ENOENT),
                     .refused = vt_failed(VT_ETHREAD),
                     .stale = vt_delay(1),
                     .good = {0, {7}},
                     .bad = {UV_ECANCELED, {0}}};
  vt_result_t r = vt_loop_run(loop, v.stale);
  if (r.status != 0 || vt_promise_new(0, &promise) != 0 ||
      vt_scope_new(NULL, &scope) != 0)
    return 1;
  v.guarded = guard_in(scope, loop);
  vt_await(v.guarded, on_served, &served);
  v.task = vt_from_task(vt_promise_task(promise));
  v.served = vt_start(&f, serve_body);
  vt_await(v.served, on_served, &served);
  vt_await(v.task, on_served, &served);
  vt_forget(vt_fs_open("/dev/null", UV_FS_O_RDONLY, 0));
  vt_forget(vt_fs_rename("/none/a", "/none/b"));
  vt_forget(vt_fs_sendfile(998, 999, 0, 1));
  stop_here(&v);

  vt_promise_set(promise, (vt_value_t){.i = 1});
  vt_promise_free(promise);
  vt_await_stop(v.served, on_served, &served);
  vt_await_stop(v.guarded, on_served, &served);
  vt_forget(vt_scope_join(scope));
  return 0;
}

int main(void) {
  uv_loop_t uv;
  vt_loop_t *loop = NULL;
  if (uv_loop_init(&uv) != 0 || vt_loop_attach(&uv, &loop) != 0)
    return 1;
  return run(loop);
}
