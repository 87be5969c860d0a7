/* SPDX-License-Identifier: MIT */
/* Shows: a program that goes on when this one has ended. The close of a
 * detached process lets it go at once.
 *
 * Usage: detach PROGRAM ARG...
 * Try:   build/release/samples/detach sleep 100
 */
#include <stdio.h>
#include <vt.h>

int main(int argc, char **argv) {
  vt_loop_t *loop = NULL;
  vt_process_t *process;
  if (argc < 2 || vt_loop_attach(uv_default_loop(), &loop) != 0)
    return 2;
  uv_process_options_t options = {
      .file = argv[1], .args = argv + 1, .flags = UV_PROCESS_DETACHED};
  int64_t status = vt_spawn(&options, &process);
  if (status == 0) {
    printf("pid %d\n", (int)vt_process_uv(process)->pid);
    status = vt_loop_run(loop, vt_process_close(process)).status;
  }
  if (status != 0)
    fprintf(stderr, "detach: %s: %s\n", argv[1], vt_strerror(status));
  if (vt_loop_detach(loop, NULL) != 0)
    return 1;
  uv_run(uv_default_loop(), UV_RUN_DEFAULT);
  return uv_loop_close(uv_default_loop()) == 0 && status == 0 ? 0 : 1;
}
