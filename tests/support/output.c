/* SPDX-License-Identifier: MIT */
/* A buffered writer over a new file. */
#include "support/output.h"

#include <string.h>
#include <unistd.h>

#include "support/tmp.h"

void output_open(struct output *o, int64_t offset) {
  int rc;
  o->fd = tmp_fd();
  assert_true(o->fd >= 0);
  rc = vt_writer_init(&o->w, o->fd, offset, o->buffer, sizeof o->buffer);
  assert_int_equal(rc, 0);
}

void output_close(struct fixture *f, struct output *o) {
  vt_loop_run(f->vt, vt_writer_close_async(&o->w));
  close(o->fd);
}

uint8_t output_byte(size_t i) { return (uint8_t)(i * 37 / 5); }

void output_fill(uint8_t *data, size_t size) {
  for (size_t i = 0; i < size; i++)
    data[i] = output_byte(i);
}

void output_fill_buffer(struct output *o, size_t from) {
  for (size_t i = 0; i < sizeof o->buffer; i++)
    assert_true(
        vt_in_hand(vt_writer_write_async(&o->w, output_byte(from + i))));
}

void output_assert_kept(struct output *o, size_t size) {
  uint8_t all[4096];
  const uint8_t *rest;
  size_t left = vt_writer_unwritten(&o->w, &rest);
  size_t have = tmp_read(o->fd, all, sizeof all - left);
  memcpy(all + have, rest, left);
  assert_int_equal(have + left, size);
  for (size_t i = 0; i < size; i++)
    assert_int_equal(all[i], output_byte(i));
}

void output_assert_file(struct output *o, size_t size) {
  const uint8_t *rest;
  assert_int_equal(vt_writer_unwritten(&o->w, &rest), 0);
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
