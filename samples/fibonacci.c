/* SPDX-License-Identifier: MIT */
/* Shows: long work on the thread pool, each told when it is done, and all of it
 * cancelled by SIGINT: what is queued never runs, and what runs asks whether it
 * should end.
 *
 * Usage: fibonacci N...
 * Try:   build/release/samples/fibonacci 20 30 40 90
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <vt.h>

/* The slow way, which is the work. Gives up when it is cancelled. */
static int64_t fibonacci(int64_t n) {
  if (n < 2 || vt_work_is_cancelled())
    return n;
  return fibonacci(n - 1) + fibonacci(n - 2);
}

/* On a thread of the pool. */
static vt_result_t compute(void *n) {
  vt_result_t r = {0, {.i = fibonacci(*(const int64_t *)n)}};
  if (vt_work_is_cancelled())
    r.status = UV_ECANCELED;
  return r;
}

struct tell {
  vt_frame_t vt;
  int64_t *n;
};

static vt_t tell_body(void *frame) {
  struct tell *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  VT_AWAIT(f, r, vt_work(compute, f->n));
  if (r.status == 0)
    printf("fibonacci %lld is %lld\n", (long long)*f->n, (long long)r.value.i);
  else
    printf("fibonacci %lld: %s\n", (long long)*f->n, vt_strerror(r.status));
  fflush(stdout);
  VT_RETURN(f, vt_from_result(r));
  VT_END(f);
}

static vt_result_t run(vt_loop_t *loop, int64_t *numbers, size_t count) {
  vt_scope_t *scope;
  vt_result_t r = {vt_scope_new(NULL, &scope), {0}};
  if (r.status != 0)
    return r;
  for (size_t i = 0; i < count; i++) {
    struct tell f = {.n = &numbers[i]};
    int rc = vt_scope_start(scope, &f, sizeof f, tell_body);
    if (rc != 0) {
      vt_scope_cancel(scope, rc);
      break;
    }
  }
  return vt_loop_run(loop,
                     VT_RACE(0, vt_signal_once(SIGINT), vt_scope_join(scope)));
}

int main(int argc, char **argv) {
  vt_loop_t *loop = NULL;
  size_t count = argc > 1 ? (size_t)argc - 1 : 0;
  int64_t *numbers = calloc(count + 1, sizeof *numbers);
  vt_result_t r = {UV_ENOMEM, {0}};
  if (vt_loop_attach(uv_default_loop(), &loop) != 0)
    return 1;
  for (size_t i = 0; numbers && i < count; i++)
    numbers[i] = strtoll(argv[i + 1], NULL, 10);
  if (numbers)
    r = run(loop, numbers, count);
  if (r.status != 0)
    fprintf(stderr, "fibonacci: %s\n", vt_strerror(r.status));
  if (vt_loop_detach(loop, NULL) != 0)
    return 1;
  uv_run(uv_default_loop(), UV_RUN_DEFAULT);
  free(numbers);
  return uv_loop_close(uv_default_loop()) == 0 && r.status == 0 ? 0 : 1;
}
