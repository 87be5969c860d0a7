/* SPDX-License-Identifier: MIT */
/* Shows: files one after the other, read and written with awaits; a clean-up
 * that closes on every way out.
 *
 * Usage: cat FILE...
 * Try:   build/release/samples/cat README.md
 */
#include <stdio.h>
#include <vt.h>

struct cat {
  vt_frame_t vt;
  const char *path;
  char *block; /* 4096 bytes of the caller's */
  uv_file file;
  size_t size, written; /* of the block */
};

static vt_t cat_body(void *frame) {
  struct cat *f = frame;
  vt_value_t v;
  VT_BEGIN(f);
  VT_TRY_VALUE(f, v, vt_fs_open(f->path, UV_FS_O_RDONLY, 0));
  f->file = (uv_file)v.i;
  for (;;) {
    VT_TRY_VALUE(f, v, vt_fs_read(f->file, f->block, 4096, -1));
    if (v.u == 0)
      VT_RETURN(f, vt_done());
    for (f->size = v.u, f->written = 0; f->written < f->size;) {
      VT_TRY_VALUE(
          f, v,
          vt_fs_write(1, f->block + f->written, f->size - f->written, -1));
      f->written += v.u;
    }
  }
  VT_FINALLY(f);
  if (f->file >= 0)
    VT_TRY(f, vt_fs_close(f->file));
  VT_END(f);
}

int main(int argc, char **argv) {
  char block[4096];
  vt_loop_t *loop = NULL;
  vt_result_t r = {0, {0}};
  if (vt_loop_attach(uv_default_loop(), &loop) != 0)
    return 1;
  for (int i = 1; i < argc && r.status == 0; i++) {
    struct cat f = {.path = argv[i], .block = block, .file = -1};
    r = vt_loop_run(loop, vt_start(&f, cat_body));
    if (r.status != 0)
      fprintf(stderr, "cat: %s: %s\n", argv[i], vt_strerror(r.status));
  }
  if (vt_loop_detach(loop, NULL) != 0)
    return 1;
  uv_run(uv_default_loop(), UV_RUN_DEFAULT);
  return uv_loop_close(uv_default_loop()) == 0 && r.status == 0 ? 0 : 1;
}
