/* SPDX-License-Identifier: MIT */
/* Shows: the lines of a file, one after the other, in an async function; a line
 * that is in the buffer costs no call and no copy. Lines of more than 16 MiB
 * are an error here.
 *
 * Usage: grep_c TEXT FILE    (prints how many lines hold TEXT, as grep -c -F)
 * Try:   build/release/samples/grep_c vt_ README.md
 */
#define _GNU_SOURCE /* memmem */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <vt.h>

struct grep {
  vt_frame_t vt; /* first */
  const char *text;
  const char *path;
  vt_byte_file_t *file; /* these do not move as a frame does */
  vt_reader_t *reader;
  uint64_t found;
  bool open;
};

static bool holds(const vt_reader_t *line, const char *text) {
  return memmem(line->data, line->size, text, strlen(text)) != NULL;
}

static vt_t open_reader(struct grep *f, uv_file file) {
  vt_reader_options_t options = {.most = 16 << 20, .flags = VT_READER_OWNS};
  int rc = vt_byte_file_init(f->file, file, -1);
  if (rc == 0)
    rc = vt_reader_init(f->reader, &f->file->base, &options);
  f->open = rc == 0;
  return rc == 0 ? vt_done() : vt_failed(rc);
}

static vt_t grep_body(void *frame) {
  struct grep *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  VT_AWAIT(f, r, vt_fs_open(f->path, UV_FS_O_RDONLY, 0));
  if (r.status != 0)
    VT_RETURN(f, vt_failed(r.status));
  VT_TRY(f, open_reader(f, (uv_file)r.value.i));
  for (;;) {
    VT_AWAIT(f, r, vt_reader_read_line(f->reader));
    if (r.status != 0)
      break;
    f->found += holds(f->reader, f->text);
  }
  VT_RETURN(f,
            r.status == UV_EOF ? vt_from_uint(f->found) : vt_failed(r.status));
  VT_FINALLY(f);
  if (f->open)
    VT_TRY(f, vt_reader_close(f->reader));
  VT_END(f);
}

static vt_result_t count(vt_loop_t *loop, const char *text, const char *path) {
  vt_byte_file_t file;
  vt_reader_t reader;
  struct grep f = {
      .text = text, .path = path, .file = &file, .reader = &reader};
  return vt_loop_run(loop, vt_start(&f, grep_body));
}

int main(int argc, char **argv) {
  vt_loop_t *loop = NULL;
  uv_loop_t *uv = uv_default_loop();
  if (argc != 3) {
    fprintf(stderr, "usage: grep_c TEXT FILE\n");
    return 2;
  }
  if (!uv || vt_loop_attach(uv, &loop) != 0)
    return 2;
  vt_loop_set_report(loop, vt_report_stderr, NULL);
  vt_result_t r = count(loop, argv[1], argv[2]);
  if (r.status == 0)
    printf("%" PRIu64 "\n", r.value.u);
  else
    fprintf(stderr, "grep_c: %s: %s\n", argv[2], vt_strerror(r.status));
  if (vt_loop_detach(loop, NULL) != 0)
    return 2;
  uv_run(uv, UV_RUN_DEFAULT); /* closes vt's own handles */
  if (uv_loop_close(uv) != 0 || r.status != 0)
    return 2;
  return r.value.u > 0 ? 0 : 1; /* as grep */
}
