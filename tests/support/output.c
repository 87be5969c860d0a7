/* SPDX-License-Identifier: MIT */
/* A buffered writer over a new file. */
#include "support/output.h"

#include <string.h>
#include <unistd.h>

#include "support/tmp.h"

void output_open(struct output *o, int64_t offset) {
  output_open_file(o, tmp_fd(), offset);
}

void output_open_file(struct output *o, int fd, int64_t offset) {
  vt_writer_options_t options = {.size = OUTPUT_BUFFER};
  o->fd = fd;
  assert_true(fd >= 0);
  assert_int_equal(vt_byte_file_init(&o->file, fd, offset), 0);
  assert_int_equal(vt_writer_init(&o->w, &o->file.base, &options), 0);
}

void output_close(struct fixture *f, struct output *o) {
  vt_loop_run(f->vt, vt_writer_close_async(&o->w));
  vt_writer_discard(&o->w);
  close(o->fd);
}

uint8_t output_byte(size_t i) { return (uint8_t)(i * 37 / 5); }

void output_fill(uint8_t *data, size_t size) {
  for (size_t i = 0; i < size; i++)
    data[i] = output_byte(i);
}

void output_fill_buffer(struct output *o, size_t from) {
  for (size_t i = 0; i < OUTPUT_BUFFER; i++)
    assert_true(
        vt_in_hand(vt_writer_write_async(&o->w, output_byte(from + i))));
}

/* A buffer that is under way is in the file and in the writer, until the loop
 * knows. */
static void land(void) {
  vt_loop_t *loop = vt_loop_current();
  if (loop)
    uv_run(vt_loop_uv(loop), UV_RUN_DEFAULT);
}

void output_assert_kept(struct output *o, size_t size) {
  uint8_t all[4096];
  uv_buf_t rest[2];
  land();
  size_t left = vt_writer_unwritten(&o->w, rest);
  size_t have = tmp_read(o->fd, all, sizeof all - left);
  for (int i = 0; i < 2; i++) {
    memcpy(all + have, rest[i].base, rest[i].len);
    have += rest[i].len;
  }
  assert_int_equal(have, size);
  for (size_t i = 0; i < size; i++)
    assert_int_equal(all[i], output_byte(i));
}

void output_assert_file(struct output *o, size_t size) {
  uv_buf_t rest[2];
  assert_int_equal(vt_writer_unwritten(&o->w, rest), 0);
  output_assert_kept(o, size);
}

void output_assert_refuses(struct output *o, int64_t status) {
  vt_t all[] = {
      vt_writer_write_async(&o->w, 1),
      vt_writer_write_all_async(&o->w, "xyz", 3),
      vt_writer_write_all_async(&o->w, "xyz", 0),
      vt_writer_flush_async(&o->w),
  };
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    assert_true(vt_in_hand(all[i]));
    assert_status(vt_status(all[i]), status);
  }
}
