/* SPDX-License-Identifier: MIT */
/* Shows: two writes at once, and one await for both. What is read goes to the
 * standard output and to a file; the next read waits until both have it.
 *
 * Usage: tee FILE
 * Try:   ls | build/release/samples/tee /tmp/list
 */
#include <stdio.h>
#include <vt.h>

struct write_all {
  vt_frame_t vt;
  uv_file file;
  const char *data;
  size_t size;
};

static vt_t write_all_body(void *frame) {
  struct write_all *f = frame;
  vt_value_t v;
  VT_BEGIN(f);
  while (f->size > 0) {
    VT_TRY_VALUE(f, v, vt_fs_write(f->file, f->data, f->size, -1));
    f->data += v.u;
    f->size -= v.u;
  }
  VT_END(f);
}

static vt_t write_all(uv_file file, const char *data, size_t size) {
  struct write_all f = {.file = file, .data = data, .size = size};
  return vt_start(&f, write_all_body);
}

struct tee {
  vt_frame_t vt;
  const char *path;
  char *block; /* 4096 bytes of the caller's */
  uv_file file;
};

static vt_t tee_body(void *frame) {
  struct tee *f = frame;
  vt_value_t v;
  VT_BEGIN(f);
  VT_TRY_VALUE(f, v,
               vt_fs_open(f->path,
                          UV_FS_O_WRONLY | UV_FS_O_CREAT | UV_FS_O_TRUNC,
                          0644));
  f->file = (uv_file)v.i;
  for (;;) {
    VT_TRY_VALUE(f, v, vt_fs_read(0, f->block, 4096, -1));
    if (v.u == 0)
      VT_RETURN(f, vt_done());
    VT_TRY(f, VT_ALL(0, NULL, write_all(1, f->block, v.u),
                     write_all(f->file, f->block, v.u)));
  }
  VT_FINALLY(f);
  if (f->file >= 0)
    VT_TRY(f, vt_fs_close(f->file));
  VT_END(f);
}

int main(int argc, char **argv) {
  char block[4096];
  vt_loop_t *loop = NULL;
  if (argc != 2 || vt_loop_attach(uv_default_loop(), &loop) != 0)
    return 2;
  struct tee f = {.path = argv[1], .block = block, .file = -1};
  vt_result_t r = vt_loop_run(loop, vt_start(&f, tee_body));
  if (r.status != 0)
    fprintf(stderr, "tee: %s: %s\n", argv[1], vt_strerror(r.status));
  if (vt_loop_detach(loop, NULL) != 0)
    return 1;
  uv_run(uv_default_loop(), UV_RUN_DEFAULT);
  return uv_loop_close(uv_default_loop()) == 0 && r.status == 0 ? 0 : 1;
}
