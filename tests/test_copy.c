/* SPDX-License-Identifier: MIT */
/* vt_copy: by the buffers and by the system, up to a limit, on after a failure
 * of either side, cancelled. */
#include "support/sink.h"
#include "support/tmp.h"
#include "support/well.h"

#include <string.h>
#include <unistd.h>

struct place {
  struct well well;
  struct sink sink;
  vt_reader_t r;
  vt_writer_t w;
  vt_copied_t copied;
};

/* ---- helpers ---- */

static vt_result_t run(struct fixture *f, vt_t v) {
  return vt_loop_run(f->vt, v);
}

static void open_place(struct place *p, size_t size, size_t from, size_t to) {
  vt_reader_options_t in = {.size = from};
  vt_writer_options_t out = {.size = to};
  well_init(&p->well, size);
  sink_init(&p->sink);
  assert_int_equal(vt_reader_init(&p->r, &p->well.base, &in), 0);
  assert_int_equal(vt_writer_init(&p->w, &p->sink.base, &out), 0);
}

/* The first size bytes have come, each once. */
static void assert_came(struct place *p, size_t size) {
  assert_int_equal(p->sink.count, size);
  for (size_t i = 0; i < size; i++) {
    if (p->sink.bytes[i] != well_byte(i))
      fail_msg("byte %zu is wrong", i);
  }
}

static void close_place(struct fixture *f, struct place *p) {
  assert_status(run(f, vt_writer_close_async(&p->w)).status, 0);
  assert_status(run(f, vt_reader_close(&p->r)).status, 0);
}

static vt_t copy(struct place *p, uint64_t limit) {
  return vt_copy(&p->r, &p->w, limit, &p->copied);
}

/* ---- by the buffers ---- */

static void all_bytes_come_with_buffers_of_all_sizes(void **state) {
  static struct place p;
  for (size_t from = 1; from < 3000; from = from * 3 + 1) {
    for (size_t to = 1; to < 3000; to = to * 3 + 2) {
      open_place(&p, 20000, from, to);
      p.well.most = from % 2 ? 0 : 700;
      p.well.later = from % 4 == 1;
      p.sink.most = to % 2 ? 0 : 333;
      p.sink.later = to % 4 == 1;
      vt_result_t r = run(*state, copy(&p, UINT64_MAX));
      assert_status(r.status, 0);
      assert_int_equal(r.value.u, 20000);
      assert_int_equal(p.copied.count, 20000);
      assert_status(run(*state, vt_writer_flush_async(&p.w)).status, 0);
      assert_came(&p, 20000);
      close_place(*state, &p);
    }
  }
}

static void a_limit_leaves_the_rest_in_the_reader(void **state) {
  static struct place p;
  uint8_t next;
  open_place(&p, 1000, 300, 100);
  assert_int_equal(run(*state, copy(&p, 0)).value.u, 0);
  assert_int_equal(p.well.reads, 0);
  assert_int_equal(run(*state, copy(&p, 444)).value.u, 444);
  assert_int_equal(run(*state, vt_reader_read(&p.r, &next, 1)).value.u, 1);
  assert_int_equal(next, well_byte(444));
  assert_int_equal(vt_reader_unread(&p.r, &next, 1), 0);
  assert_int_equal(run(*state, copy(&p, 5000)).value.u, 556);
  assert_status(run(*state, vt_writer_flush_async(&p.w)).status, 0);
  assert_came(&p, 1000);
  close_place(*state, &p);
}

/* The reader does not run ahead of a writer that takes nothing. */
static void a_slow_writer_slows_the_reader(void **state) {
  static struct place p;
  struct seen seen = {0};
  vt_writer_options_t out = {.size = 50, .high = 60};
  open_place(&p, 20000, 100, 50);
  assert_int_equal(vt_writer_init(&p.w, &p.sink.base, &out), 0);
  p.sink.later = true;
  p.sink.most = 1;
  vt_t v = copy(&p, UINT64_MAX);
  vt_await(v, seen_k, &seen);
  for (int i = 0; i < 50; i++)
    fixture_turn(*state);
  assert_true(p.well.at <= 300);
  p.sink.most = 0;
  fixture_run_until(*state, &seen.count, 1);
  assert_seen_int(&seen, 20000);
  close_place(*state, &p);
  assert_came(&p, 20000);
}

/* ---- it fails, and goes on ---- */

static void the_side_that_failed_is_told(void **state) {
  for (int at = 1; at < 12; at++) {
    for (int large = 0; large < 2; large++) {
      static struct place p;
      open_place(&p, 1000, 100, large ? 30 : 200);
      p.well.fails_at = at;
      p.well.fails = UV_EIO;
      vt_result_t r = run(*state, copy(&p, UINT64_MAX));
      assert_status(r.status, UV_EIO);
      assert_int_equal(p.copied.failed, VT_COPY_READER);
      assert_int_equal(p.copied.count, 100 * (at - 1));
      assert_int_equal(vt_reader_resume(&p.r), 0);
      p.sink.fails = UV_ENOSPC;
      r = run(*state, copy(&p, UINT64_MAX));
      if (r.status == 0) /* it is all in the writer's buffer */
        r = run(*state, vt_writer_flush_async(&p.w));
      else
        assert_int_equal(p.copied.failed, VT_COPY_WRITER);
      if (p.copied.failed || r.status != 0)
        assert_status(r.status, UV_ENOSPC);
      p.sink.fails = 0;
      assert_int_equal(vt_writer_resume(&p.w), 0);
      assert_status(run(*state, copy(&p, UINT64_MAX)).status, 0);
      close_place(*state, &p);
      assert_came(&p, 1000);
    }
  }
}

/* Whatever a cancelled copy has done is known, and the next one goes on. */
static void a_cancelled_copy_goes_on_at_the_byte(void **state) {
  for (int turns = 0; turns < 20; turns++) {
    static struct place p;
    struct seen seen = {0};
    open_place(&p, 3000, 100, turns % 2 ? 30 : 200);
    p.well.later = p.sink.later = true;
    p.sink.most = 70;
    vt_t v = copy(&p, UINT64_MAX);
    vt_await(v, seen_k, &seen);
    for (int i = 0; i < turns; i++)
      fixture_turn(*state);
    vt_cancel(v);
    fixture_run_until(*state, &seen.count, 1);
    assert_seen_status(&seen, UV_ECANCELED);
    assert_int_equal(p.copied.failed, VT_COPY_NEITHER);
    uint64_t first = p.copied.count;
    vt_result_t r = run(*state, copy(&p, UINT64_MAX));
    assert_status(r.status, 0);
    assert_int_equal(first + r.value.u, 3000);
    close_place(*state, &p);
    assert_came(&p, 3000);
  }
}

static void misuse_is_refused(void **state) {
  static struct place p;
  open_place(&p, 10, 10, 10);
  assert_status(vt_status(vt_copy(NULL, &p.w, 1, NULL)), UV_EINVAL);
  assert_status(vt_status(vt_copy(&p.r, NULL, 1, NULL)), UV_EINVAL);
  close_place(*state, &p);
  assert_status(run(*state, copy(&p, 1)).status, UV_EBADF);
  assert_int_equal(p.copied.failed, VT_COPY_READER);
}

/* ---- by the system ---- */

enum { FILE_SIZE = 100000 };

struct files {
  int from, to;
  vt_byte_file_t in, out;
  vt_reader_t r;
  vt_writer_t w;
  vt_copied_t copied;
};

static void open_files(struct files *s, int64_t in, int64_t out) {
  static uint8_t data[FILE_SIZE];
  s->from = tmp_fd();
  s->to = tmp_fd();
  for (size_t i = 0; i < FILE_SIZE; i++)
    data[i] = well_byte(i);
  assert_int_equal(write(s->from, data, FILE_SIZE), FILE_SIZE);
  lseek(s->from, 0, SEEK_SET);
  vt_reader_options_t from = {.size = 1000, .flags = VT_READER_OWNS};
  vt_writer_options_t to = {.size = 1000, .flags = VT_WRITER_SYNC};
  assert_int_equal(vt_byte_file_init(&s->in, s->from, in), 0);
  assert_int_equal(vt_byte_file_init(&s->out, s->to, out), 0);
  assert_int_equal(vt_reader_init(&s->r, &s->in.base, &from), 0);
  assert_int_equal(vt_writer_init(&s->w, &s->out.base, &to), 0);
}

static void assert_files(struct fixture *f, struct files *s) {
  static uint8_t back[FILE_SIZE + 1];
  assert_status(run(f, vt_writer_close_async(&s->w)).status, 0);
  assert_status(run(f, vt_reader_close(&s->r)).status, 0);
  assert_int_equal(tmp_read(s->to, back, sizeof back), FILE_SIZE);
  for (size_t i = 0; i < FILE_SIZE; i++) {
    if (back[i] != well_byte(i))
      fail_msg("byte %zu is wrong", i);
  }
  close(s->to);
}

/* A line first, so that the buffer holds bytes, which come before the rest. */
static void files_are_copied_from_and_to_any_offset(void **state) {
  for (int form = 0; form < 4; form++) {
    static struct files s;
    open_files(&s, form & 1 ? 0 : -1, form & 2 ? 0 : -1);
    uint8_t first[10];
    vt_result_t r = run(*state, vt_reader_read_exact(&s.r, first, 10));
    assert_status(r.status, 0);
    r = run(*state, vt_writer_write_all_async(&s.w, first, 10));
    assert_status(r.status, 0);
    r = run(*state, vt_copy(&s.r, &s.w, 50000, &s.copied));
    assert_int_equal(r.value.u, 50000);
    bool system = form == 1;
    assert_int_equal(s.in.offset == 50010, system);
    r = run(*state, vt_copy(&s.r, &s.w, UINT64_MAX, &s.copied));
    assert_status(r.status, 0);
    assert_int_equal(r.value.u, FILE_SIZE - 50010);
    assert_files(*state, &s);
  }
}

/* The system refuses: the buffers go on, and say which side it was. */
static void a_refusal_of_the_system_is_gone_round(void **state) {
  static struct files s;
  open_files(&s, 0, -1);
  uv_file to = s.out.file;
  s.out.file = -1;
  vt_result_t r = run(*state, vt_copy(&s.r, &s.w, UINT64_MAX, &s.copied));
  if (r.status == 0)
    r = run(*state, vt_writer_flush_async(&s.w));
  assert_status(r.status, UV_EBADF);
  assert_int_equal(s.copied.failed, VT_COPY_WRITER);
  s.out.file = to;
  assert_int_equal(vt_writer_resume(&s.w), 0);
  r = run(*state, vt_copy(&s.r, &s.w, UINT64_MAX, NULL));
  assert_status(r.status, 0);
  assert_files(*state, &s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(all_bytes_come_with_buffers_of_all_sizes),
      fixture_test(a_limit_leaves_the_rest_in_the_reader),
      fixture_test(a_slow_writer_slows_the_reader),
      fixture_test(the_side_that_failed_is_told),
      fixture_test(a_cancelled_copy_goes_on_at_the_byte),
      fixture_test(misuse_is_refused),
      fixture_test(files_are_copied_from_and_to_any_offset),
      fixture_test(a_refusal_of_the_system_is_gone_round),
  };
  return fixture_main("copy", tests);
}
