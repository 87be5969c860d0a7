/* SPDX-License-Identifier: MIT */
/* Shows: the phases of a turn of the loop awaited, idle and prepare, until one
 * of the two has had enough, which ends the other.
 *
 * Usage: phases TURNS
 * Try:   build/release/samples/phases 3
 */
#include <stdio.h>
#include <stdlib.h>
#include <vt.h>

struct turns {
  vt_frame_t vt;
  const char *name;
  uv_handle_type type;
  unsigned long left;
  vt_phase_t *phase;
};

static vt_t turns_body(void *frame) {
  struct turns *f = frame;
  int rc;
  VT_BEGIN(f);
  rc = vt_phase_new(f->type, &f->phase);
  if (rc != 0)
    VT_RETURN(f, vt_failed(rc));
  for (; f->left > 0; f->left--) {
    VT_TRY(f, vt_phase_wait(f->phase));
    printf("%s\n", f->name);
  }
  printf("%s has had enough\n", f->name);
  VT_FINALLY(f);
  if (f->phase)
    VT_TRY(f, vt_phase_close(f->phase));
  VT_END(f);
}

int main(int argc, char **argv) {
  vt_loop_t *loop = NULL;
  if (argc != 2 || vt_loop_attach(uv_default_loop(), &loop) != 0)
    return 2;
  struct turns idle = {
      .name = "idle", .type = UV_IDLE, .left = strtoul(argv[1], NULL, 10)};
  struct turns prepare = {
      .name = "prepare", .type = UV_PREPARE, .left = idle.left + 1};
  vt_result_t r = vt_loop_run(loop, VT_RACE(0, vt_start(&idle, turns_body),
                                            vt_start(&prepare, turns_body)));
  if (r.status != 0)
    fprintf(stderr, "phases: %s\n", vt_strerror(r.status));
  if (vt_loop_detach(loop, NULL) != 0)
    return 1;
  uv_run(uv_default_loop(), UV_RUN_DEFAULT);
  return uv_loop_close(uv_default_loop()) == 0 && r.status == 0 ? 0 : 1;
}
