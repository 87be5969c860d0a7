/* SPDX-License-Identifier: MIT */
/* Shows: a file read by the buffered reader without blocking the loop, several
 * files one after the other, and bytes used where they lie: vt_reader_peek
 * gives what is in the buffer, vt_reader_skip says that it was used.
 *
 * Usage: wc FILE...      (prints lines, words, bytes and name, as wc does)
 * Try:   build/release/samples/wc README.md CHANGELOG.md
 */
#include <inttypes.h>
#include <stdio.h>
#include <vt.h>

struct counts {
  uint64_t lines, words, bytes;
};

struct wc {
  vt_frame_t vt; /* first */
  const char *path;
  struct counts *out;
  vt_byte_file_t *file; /* these do not move as a frame does */
  vt_reader_t *reader;
  bool open;
  bool in_word;
};

static bool is_space(uint8_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/* A word has one of these at least. */
static bool is_printable(uint8_t c) { return c > ' ' && c <= '~'; }

static void count(struct wc *f, const uint8_t *data, size_t size) {
  for (size_t i = 0; i < size; i++) {
    bool space = is_space(data[i]);
    f->out->lines += data[i] == '\n';
    f->out->words += f->in_word && space;
    f->in_word = !space && (f->in_word || is_printable(data[i]));
  }
  f->out->bytes += size;
}

static vt_t open_reader(struct wc *f, uv_file file) {
  vt_reader_options_t options = {.flags = VT_READER_OWNS};
  int rc = vt_byte_file_init(f->file, file, -1);
  if (rc == 0)
    rc = vt_reader_init(f->reader, &f->file->base, &options);
  f->open = rc == 0;
  return rc == 0 ? vt_done() : vt_failed(rc);
}

static vt_t wc_body(void *frame) {
  struct wc *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  VT_AWAIT(f, r, vt_fs_open(f->path, UV_FS_O_RDONLY, 0));
  if (r.status != 0)
    VT_RETURN(f, vt_failed(r.status));
  VT_TRY(f, open_reader(f, (uv_file)r.value.i));
  for (;;) {
    VT_AWAIT(f, r, vt_reader_peek(f->reader, 1));
    if (r.status != 0)
      break;
    count(f, f->reader->data, f->reader->size);
    VT_TRY(f, vt_reader_skip(f->reader, f->reader->size));
  }
  if (r.status != UV_EOF)
    VT_RETURN(f, vt_failed(r.status));
  f->out->words += f->in_word;
  VT_FINALLY(f);
  if (f->open)
    VT_TRY(f, vt_reader_close(f->reader));
  VT_END(f);
}

static int64_t count_file(vt_loop_t *loop, const char *path,
                          struct counts *out) {
  vt_byte_file_t file;
  vt_reader_t reader;
  struct wc f = {.path = path, .out = out, .file = &file, .reader = &reader};
  return vt_loop_run(loop, vt_start(&f, wc_body)).status;
}

static void show(const struct counts *c, const char *name) {
  printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %s\n", c->lines, c->words,
         c->bytes, name);
}

/* 0, or 1 when a file could not be read; the others are counted. */
static int count_all(vt_loop_t *loop, int files, char **paths) {
  struct counts total = {0};
  int failed = 0;
  for (int i = 0; i < files; i++) {
    struct counts c = {0};
    int64_t status = count_file(loop, paths[i], &c);
    if (status != 0) {
      fprintf(stderr, "wc: %s: %s\n", paths[i], vt_strerror(status));
      failed = 1;
      continue;
    }
    show(&c, paths[i]);
    total.lines += c.lines;
    total.words += c.words;
    total.bytes += c.bytes;
  }
  if (files > 1)
    show(&total, "total");
  return failed;
}

int main(int argc, char **argv) {
  vt_loop_t *loop = NULL;
  uv_loop_t *uv = uv_default_loop();
  if (argc < 2) {
    fprintf(stderr, "usage: wc FILE...\n");
    return 2;
  }
  if (!uv || vt_loop_attach(uv, &loop) != 0)
    return 2;
  vt_loop_set_report(loop, vt_report_stderr, NULL);
  int failed = count_all(loop, argc - 1, argv + 1);
  if (vt_loop_detach(loop, NULL) != 0)
    return 2;
  uv_run(uv, UV_RUN_DEFAULT); /* closes vt's own handles */
  return uv_loop_close(uv) == 0 ? failed : 2;
}
