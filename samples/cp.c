/* SPDX-License-Identifier: MIT */
/* Shows: a copy with progress, told after each block; nothing else has to know
 * of it.
 *
 * Usage: cp FROM TO    (which must not be there)
 * Try:   build/release/samples/cp README.md /tmp/readme
 */
#include <stdio.h>
#include <vt.h>

enum { BLOCK = 1 << 16 };

struct cp {
  vt_frame_t vt;
  const char *from, *to;
  char *block;     /* BLOCK bytes of the caller's */
  uv_stat_t *stat; /* of from: the caller's */
  uv_file in, out;
  uint64_t copied;
  unsigned told; /* tenths */
};

static void tell(struct cp *f) {
  uint64_t whole = f->stat->st_size;
  unsigned tenths = whole ? (unsigned)(f->copied * 10 / whole) : 10;
  for (; f->told < tenths && f->told < 10; f->told++)
    printf("%u %%\n", (f->told + 1) * 10);
}

static vt_t cp_body(void *frame) {
  struct cp *f = frame;
  vt_value_t v;
  VT_BEGIN(f);
  VT_TRY_VALUE(f, v, vt_fs_open(f->from, UV_FS_O_RDONLY, 0));
  f->in = (uv_file)v.i;
  VT_TRY(f, vt_fs_fstat(f->in, f->stat));
  VT_TRY_VALUE(f, v,
               vt_fs_open(f->to, UV_FS_O_WRONLY | UV_FS_O_CREAT | UV_FS_O_EXCL,
                          (int)f->stat->st_mode & 0777));
  f->out = (uv_file)v.i;
  for (;;) {
    VT_TRY_VALUE(f, v, vt_fs_read(f->in, f->block, BLOCK, (int64_t)f->copied));
    if (v.u == 0)
      break;
    VT_TRY_VALUE(f, v, vt_fs_write(f->out, f->block, v.u, (int64_t)f->copied));
    f->copied += v.u; /* what was not written is read again */
    tell(f);
  }
  VT_TRY(f, vt_fs_fsync(f->out));
  tell(f);
  VT_FINALLY(f);
  if (f->in >= 0)
    VT_TRY(f, vt_fs_close(f->in));
  if (f->out >= 0)
    VT_TRY(f, vt_fs_close(f->out));
  VT_END(f);
}

int main(int argc, char **argv) {
  char block[BLOCK];
  uv_stat_t stat;
  vt_loop_t *loop = NULL;
  if (argc != 3 || vt_loop_attach(uv_default_loop(), &loop) != 0)
    return 2;
  struct cp f = {.from = argv[1],
                 .to = argv[2],
                 .block = block,
                 .stat = &stat,
                 .in = -1,
                 .out = -1};
  vt_result_t r = vt_loop_run(loop, vt_start(&f, cp_body));
  if (r.status != 0)
    fprintf(stderr, "cp: %s to %s: %s\n", argv[1], argv[2],
            vt_strerror(r.status));
  if (vt_loop_detach(loop, NULL) != 0)
    return 1;
  uv_run(uv_default_loop(), UV_RUN_DEFAULT);
  return uv_loop_close(uv_default_loop()) == 0 && r.status == 0 ? 0 : 1;
}
