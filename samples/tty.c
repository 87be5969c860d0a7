/* SPDX-License-Identifier: MIT */
/* Shows: a terminal as a stream, its size, and a text that falls through it,
 * a line at a time; into a pipe it goes as it is.
 *
 * Usage: tty TEXT MILLISECONDS    (a line takes so long)
 * Try:   build/release/samples/tty hello 100
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vt.h>

struct fall {
  vt_frame_t vt;
  vt_stream_t *out;
  const char *text;
  uint64_t line_ms;
  int width, height, line;
  char screen[256]; /* what is being written */
};

static size_t draw(struct fall *f) {
  int width = (int)strnlen(f->text, sizeof f->screen / 2);
  int left = f->width > width ? (f->width - width) / 2 : 0;
  int n = snprintf(f->screen, sizeof f->screen,
                   "\033[2J\033[%d;%dH\033[42;37m%.*s\033[0m\n", f->line,
                   left + 1, width, f->text);
  return (size_t)n;
}

static vt_t fall_body(void *frame) {
  struct fall *f = frame;
  VT_BEGIN(f);
  if (f->height == 0) {
    VT_TRY(f, vt_stream_write(f->out, f->text, strlen(f->text)));
    VT_TRY(f, vt_stream_write(f->out, "\n", 1));
  }
  for (f->line = 1; f->line <= f->height; f->line++) {
    VT_TRY(f, vt_stream_write(f->out, f->screen, draw(f)));
    VT_TRY(f, vt_delay(f->line_ms));
  }
  VT_FINALLY(f);
  VT_TRY(f, vt_stream_close(f->out));
  VT_END(f);
}

static int64_t run(vt_loop_t *loop, char **argv) {
  struct fall f = {.text = argv[1], .line_ms = strtoul(argv[2], NULL, 10)};
  int rc = vt_tty_open(1, &f.out);
  if (rc != 0)
    return rc;
  uv_stream_t *uv = vt_stream_uv(f.out);
  if (uv->type == UV_TTY)
    uv_tty_get_winsize((uv_tty_t *)uv, &f.width, &f.height);
  return vt_loop_run(loop, vt_start_boxed(&f, sizeof f, fall_body)).status;
}

int main(int argc, char **argv) {
  vt_loop_t *loop = NULL;
  if (argc != 3 || vt_loop_attach(uv_default_loop(), &loop) != 0)
    return 2;
  int64_t status = run(loop, argv);
  if (status != 0)
    fprintf(stderr, "tty: %s\n", vt_strerror(status));
  uv_tty_reset_mode();
  if (vt_loop_detach(loop, NULL) != 0)
    return 1;
  uv_run(uv_default_loop(), UV_RUN_DEFAULT);
  return uv_loop_close(uv_default_loop()) == 0 && status == 0 ? 0 : 1;
}
