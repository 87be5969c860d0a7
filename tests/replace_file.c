/* SPDX-License-Identifier: MIT */
/* replace_file PATH TEXT: replaces a file as a whole, and is killed meanwhile
 * by replace_killed.sh. Exit status 0 when it has. */
#include <stdlib.h>
#include <string.h>
#include <vt.h>

static int64_t replace(vt_loop_t *loop, const char *path, const char *text) {
  static vt_writer_file_t w;
  static const vt_writer_file_options_t options = {.writer.size = 16,
                                                   .how = VT_WRITER_REPLACE};
  int64_t status =
      vt_loop_run(loop, vt_writer_open_async(&w, path, &options)).status;
  if (status != 0)
    return status;
  vt_forget(vt_writer_write_all_async(&w.writer, text, strlen(text)));
  return vt_loop_run(loop, vt_writer_close_async(&w.writer)).status;
}

int main(int argc, char **argv) {
  uv_loop_t uv;
  vt_loop_t *loop;
  if (argc != 3 || uv_loop_init(&uv) != 0 || vt_loop_attach(&uv, &loop) != 0)
    return EXIT_FAILURE;
  int64_t status = replace(loop, argv[1], argv[2]);
  vt_loop_detach(loop, NULL);
  uv_run(&uv, UV_RUN_DEFAULT);
  return status == 0 && uv_loop_close(&uv) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
