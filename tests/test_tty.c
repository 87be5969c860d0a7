/* SPDX-License-Identifier: MIT */
/* Terminals as streams, over a pseudo-terminal. */
#include "support/fixture.h"
#include "support/tmp.h"

#include <pty.h>
#include <unistd.h>

/* ---- helpers ---- */

struct terminal {
  int master; /* who types and looks */
  int slave;
  vt_stream_t *stream; /* over the slave */
};

static vt_result_t run(struct fixture *f, vt_t v) {
  return vt_loop_run(f->vt, v);
}

static void terminal_open(struct terminal *t) {
  t->stream = NULL;
  if (openpty(&t->master, &t->slave, NULL, NULL, NULL) != 0)
    skip();
  assert_int_equal(vt_tty_open(t->slave, &t->stream), 0);
}

static void terminal_close(struct fixture *f, struct terminal *t) {
  assert_status(run(f, vt_stream_close(t->stream)).status, 0);
  close(t->slave);
  if (t->master >= 0)
    close(t->master);
}

/* ---- cases ---- */

static void what_is_typed_is_read_by_lines(void **state) {
  struct fixture *f = *state;
  struct terminal t;
  struct seen seen = {0};
  char line[16] = "";
  terminal_open(&t);
  vt_await(vt_stream_read(t.stream, line, sizeof line), seen_k, &seen);
  assert_int_equal(write(t.master, "ab", 2), 2);
  for (int i = 0; i < 5; i++)
    run(f, vt_yield());
  assert_int_equal(seen.count, 0); /* no line yet */
  assert_int_equal(write(t.master, "c\n", 2), 2);
  assert_true(fixture_run_until(f, &seen.count, 1));
  assert_seen_int(&seen, 4);
  assert_string_equal(line, "abc\n");
  terminal_close(f, &t);
}

static void what_is_written_is_shown(void **state) {
  struct fixture *f = *state;
  struct terminal t;
  char shown[8] = "";
  terminal_open(&t);
  assert_int_equal(run(f, vt_stream_write(t.stream, "abc", 3)).value.u, 3);
  assert_int_equal(read(t.master, shown, sizeof shown), 3);
  assert_string_equal(shown, "abc");
  terminal_close(f, &t);
}

static void mode_and_size_are_libuvs(void **state) {
  struct fixture *f = *state;
  struct terminal t;
  char byte = 0;
  int width, height;
  terminal_open(&t);
  uv_tty_t *tty = (uv_tty_t *)vt_stream_uv(t.stream);
  assert_int_equal(uv_tty_set_mode(tty, UV_TTY_MODE_RAW), 0);
  assert_int_equal(write(t.master, "x", 1), 1); /* no line, and yet */
  assert_int_equal(run(f, vt_stream_read(t.stream, &byte, 1)).value.u, 1);
  assert_int_equal(byte, 'x');
  assert_int_equal(uv_tty_get_winsize(tty, &width, &height), 0);
  assert_int_equal(uv_tty_set_mode(tty, UV_TTY_MODE_NORMAL), 0);
  uv_tty_reset_mode();
  terminal_close(f, &t);
}

static void a_hang_up_ends_a_read(void **state) {
  struct fixture *f = *state;
  struct terminal t;
  struct seen seen = {0};
  char byte;
  terminal_open(&t);
  vt_await(vt_stream_read(t.stream, &byte, 1), seen_k, &seen);
  close(t.master);
  t.master = -1;
  assert_true(fixture_run_until(f, &seen.count, 1));
  assert_true(seen.result.status == UV_EIO || seen.result.status == UV_EOF);
  terminal_close(f, &t);
}

static void cancelled_a_read_loses_nothing(void **state) {
  struct fixture *f = *state;
  struct terminal t;
  char line[8] = "";
  terminal_open(&t);
  vt_t v = vt_stream_read(t.stream, line, sizeof line);
  assert_int_equal(vt_cancel(v), 0);
  assert_status(run(f, v).status, UV_ECANCELED);
  assert_int_equal(write(t.master, "a\n", 2), 2);
  v = vt_stream_read(t.stream, line, sizeof line);
  assert_int_equal(run(f, v).value.u, 2);
  terminal_close(f, &t);
}

static void what_is_no_terminal_is_refused(void **state) {
  struct fixture *f = *state;
  vt_stream_t *s = NULL;
  int file = tmp_fd();
  assert_int_equal(vt_tty_open(file, &s), UV_EINVAL);
  assert_true(vt_tty_open(-1, &s) < 0);
  assert_int_equal(vt_tty_open(file, NULL), UV_EINVAL);
  assert_null(s);
  close(file);
  assert_int_equal(fixture_detach(f), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(what_is_typed_is_read_by_lines),
      fixture_test(what_is_written_is_shown),
      fixture_test(mode_and_size_are_libuvs),
      fixture_test(a_hang_up_ends_a_read),
      fixture_test(cancelled_a_read_loses_nothing),
      fixture_test(what_is_no_terminal_is_refused),
  };
  return fixture_main("tty", tests);
}
