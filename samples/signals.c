/* SPDX-License-Identifier: MIT */
/* Shows: signals awaited. Each SIGUSR1 is told and counted, until SIGINT or
 * SIGTERM ends the program, whatever it waits for.
 *
 * Usage: signals
 * Try:   build/release/samples/signals & kill -USR1 $!; kill $!
 */
#include <signal.h>
#include <stdio.h>
#include <vt.h>

struct count {
  vt_frame_t vt;
  vt_signal_t *signal;
  unsigned long long came;
};

static vt_t count_body(void *frame) {
  struct count *f = frame;
  vt_value_t v;
  VT_BEGIN(f);
  for (;;) {
    VT_TRY_VALUE(f, v, vt_signal_wait(f->signal));
    f->came += v.u;
    printf("SIGUSR1: %llu\n", f->came);
    fflush(stdout);
  }
  VT_FINALLY(f); /* also when the other one has won */
  VT_TRY(f, vt_signal_close(f->signal));
  VT_END(f);
}

int main(void) {
  struct count f = {.came = 0};
  vt_loop_t *loop = NULL;
  if (vt_loop_attach(uv_default_loop(), &loop) != 0)
    return 1;
  int rc = vt_signal_new(SIGUSR1, &f.signal);
  vt_result_t r = {rc, {0}};
  if (rc == 0) {
    printf("pid %d\n", (int)uv_os_getpid());
    fflush(stdout);
    r = vt_loop_run(loop,
                    VT_RACE(0, vt_signal_once(SIGINT), vt_signal_once(SIGTERM),
                            vt_start(&f, count_body)));
  }
  if (r.status != 0)
    fprintf(stderr, "signals: %s\n", vt_strerror(r.status));
  else
    printf("ended\n");
  if (vt_loop_detach(loop, NULL) != 0)
    return 1;
  uv_run(uv_default_loop(), UV_RUN_DEFAULT);
  return uv_loop_close(uv_default_loop()) == 0 && r.status == 0 ? 0 : 1;
}
