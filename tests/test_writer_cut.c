/* SPDX-License-Identifier: MIT */
/* The buffered writer over a file that takes pieces of each size: small writes
 * and blocks larger than the buffer, at the file's position and at offsets. */
#include "support/output.h"
#include "support/shim/cut.h"
#include "support/tmp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SIZE = 4096, SMALL = 7, FIRST = 700, BUFFER = 1000 };

/* ---- helpers ---- */

static int64_t run(struct fixture *f, vt_t v) {
  return vt_loop_run(f->vt, v).status;
}

static void open_output(struct output *o, int64_t offset) {
  vt_writer_options_t options = {.size = BUFFER};
  o->fd = tmp_fd();
  assert_int_equal(vt_byte_file_init(&o->file, o->fd, offset), 0);
  assert_int_equal(vt_writer_init(&o->w, &o->file.base, &options), 0);
}

/* Small ones first, and then three blocks behind what is still buffered. */
static void write_all(struct fixture *f, struct output *o, const char *data) {
  uv_buf_t blocks[3];
  size_t third = (SIZE - FIRST) / 3;
  for (size_t at = 0; at < FIRST; at += SMALL)
    assert_status(run(f, vt_writer_write_all_async(&o->w, data + at, SMALL)),
                  0);
  for (size_t i = 0; i < 3; i++)
    blocks[i] = uv_buf_init((char *)(uintptr_t)data + FIRST + i * third,
                            (unsigned)third);
  assert_status(run(f, vt_writer_writev_async(&o->w, blocks, 3)), 0);
  assert_status(run(f, vt_writer_flush_async(&o->w)), 0);
}

static void assert_written(const struct output *o, const char *data) {
  static uint8_t came[SIZE + 1];
  size_t written = FIRST + (SIZE - FIRST) / 3 * 3;
  assert_int_equal(tmp_read(o->fd, came, sizeof came), written);
  assert_memory_equal(came, data, written);
}

/* ---- the cases ---- */

static void a_file_is_whole_however_it_is_cut(void **state) {
  static char data[SIZE];
  size_t step = getenv("VT_VALGRIND") ? 127 : 1;
  output_fill((uint8_t *)data, SIZE);
  for (size_t piece = 1; piece <= SIZE; piece += step) {
    struct output o;
    open_output(&o, piece % 2 ? 0 : -1);
    cut_begin(o.fd, piece, SIZE_MAX, 0);
    write_all(*state, &o, data);
    cut_end();
    assert_written(&o, data);
    output_close(*state, &o);
  }
}

/* libuv has no name for it: it comes as it is, negative, and stays. */
static void a_full_quota_is_told_and_goes_on(void **state) {
  static char data[SIZE];
  struct fixture *f = *state;
  output_fill((uint8_t *)data, SIZE);
  for (size_t space = 0; space < 40; space += 13) {
    struct output o;
    int status = uv_translate_sys_error(EDQUOT);
    open_output(&o, 0);
    cut_begin(o.fd, 0, space, EDQUOT);
    assert_status(run(f, vt_writer_write_all_async(&o.w, data, 40)), 0);
    assert_status(run(f, vt_writer_flush_async(&o.w)), status);
    output_assert_refuses(&o, status);
    cut_end();
    output_assert_kept(&o, 40);
    assert_int_equal(vt_writer_resume(&o.w), 0);
    assert_status(run(f, vt_writer_flush_async(&o.w)), 0);
    output_assert_file(&o, 40);
    output_close(f, &o);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(a_file_is_whole_however_it_is_cut),
      fixture_test(a_full_quota_is_told_and_goes_on),
  };
  return fixture_main("writer_cut", tests);
}
