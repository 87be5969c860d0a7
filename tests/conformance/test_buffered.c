/* SPDX-License-Identifier: MIT */
/* The buffered writer where C# has its pipes and its BufferedStream: a limit
 * that makes a write wait, operations in their order, errors of the file, what
 * a flush does. The pool has one thread here and can be held still. */
#include "support/output.h"
#include "support/plug.h"
#include "support/shim/cut.h"
#include "support/tmp.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* ---- helpers ---- */

/* The bytes from number from on, up to below to, in hand. */
static void put(struct output *o, size_t from, size_t to) {
  for (size_t i = from; i < to; i++)
    assert_true(
        vt_equal(vt_writer_write_async(&o->w, output_byte(i)), vt_done()));
}

/* What makes an operation on a writer that holds 16 bytes. */
enum { BYTE, BLOCK, FLUSH, CLOSE, OPERATIONS };

static vt_t begin(struct output *o, int which) {
  static uint8_t block[16];
  for (size_t i = 0; i < sizeof block; i++)
    block[i] = output_byte(16 + i);
  if (which == BYTE)
    return vt_writer_write_async(&o->w, block[0]);
  if (which == BLOCK)
    return vt_writer_write_all_async(&o->w, block, sizeof block);
  return which == FLUSH ? vt_writer_flush_async(&o->w)
                        : vt_writer_close_async(&o->w);
}

/* Writes a block of its own. */
enum { BLOCKS = 4, BLOCK_SIZE = 250 };

struct block_frame {
  vt_frame_t vt;
  vt_writer_t *w;
  char data[BLOCK_SIZE];
};

static vt_t block_body(void *frame) {
  struct block_frame *f = frame;
  VT_BEGIN(f);
  VT_RETURN(f, vt_writer_write_all_async(f->w, f->data, BLOCK_SIZE));
  VT_END(f);
}

/* ---- the cases: a pipe's ---- */

/* The second flush joins the first: both complete, by one write, of everything,
 * once. */
static void double_flush_async_throws(void **state) {
  struct fixture *f = *state;
  struct output o;
  struct seen seen[3] = {0};
  struct plug plug;
  output_open(&o, -1);
  put(&o, 0, 10);
  cut_begin(o.fd, 0, SIZE_MAX, 0);
  plug_in(&plug, &f->uv);
  for (int i = 0; i < 3; i++)
    vt_await(vt_writer_flush_async(&o.w), seen_k, &seen[i]);
  fixture_turn(f);
  for (int i = 0; i < 3; i++)
    assert_int_equal(seen[i].count, 0);
  plug_out(&plug);
  assert_true(fixture_run(f));
  for (int i = 0; i < 3; i++)
    assert_seen_int(&seen[i], 0);
  assert_true(vt_equal(vt_writer_flush_async(&o.w), vt_done()));
  assert_int_equal(cut_calls(), 1);
  cut_end();
  output_assert_file(&o, 10);
  output_close(f, &o);
}

/* Below the limit each byte is in hand, and nothing is written. */
static void
flush_async_returns_completed_task_when_size_less_then_limit(void **state) {
  struct fixture *f = *state;
  struct output o;
  output_open(&o, -1);
  cut_begin(o.fd, 0, SIZE_MAX, 0);
  put(&o, 0, OUTPUT_BUFFER);
  assert_int_equal(fixture_pending(f), 0);
  assert_false(uv_loop_alive(&f->uv));
  assert_int_equal(cut_calls(), 0);
  cut_end();
  output_assert_kept(&o, OUTPUT_BUFFER);
  output_close(f, &o);
}

/* The byte over the limit pends until the file has taken what was before it;
 * then there is room again. */
static void flush_async_returns_non_completed_size_when_commit_over_the_limit(
    void **state) {
  struct fixture *f = *state;
  struct output o;
  struct seen seen = {0};
  struct plug plug;
  output_open(&o, -1);
  plug_in(&plug, &f->uv);
  put(&o, 0, 32);
  vt_t v = vt_writer_write_async(&o.w, output_byte(32));
  assert_status(vt_status(v), VT_PENDING);
  vt_await(v, seen_k, &seen);
  for (int i = 0; i < 3; i++)
    fixture_turn(f);
  assert_int_equal(seen.count, 0);
  plug_out(&plug);
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 0);
  put(&o, 33, 48);
  output_assert_kept(&o, 48);
  output_close(f, &o);
}

/* ---- the cases: a buffered stream's ---- */

/* Four at once wait in the order of the calls. No block is torn, none is lost,
 * none comes twice. */
static void concurrent_operations_are_serialized(void **state) {
  struct fixture *f = *state;
  struct output o;
  struct seen seen[BLOCKS] = {{0}};
  char all[BLOCKS * BLOCK_SIZE + 1];
  output_open(&o, -1);
  cut_begin(o.fd, 7, SIZE_MAX, 0); /* many writes for each block */
  for (int i = 0; i < BLOCKS; i++) {
    struct block_frame frame = {.w = &o.w};
    memset(frame.data, 'a' + i, BLOCK_SIZE);
    vt_await(vt_start_boxed(&frame, sizeof frame, block_body), seen_k,
             &seen[i]);
  }
  assert_true(fixture_run(f));
  assert_status(vt_loop_run(f->vt, vt_writer_flush_async(&o.w)).status, 0);
  cut_end();
  assert_int_equal(tmp_read(o.fd, all, sizeof all), BLOCKS * BLOCK_SIZE);
  for (int i = 0; i < BLOCKS; i++) {
    char *block = all + (size_t)i * BLOCK_SIZE;
    assert_seen_int(&seen[i], BLOCK_SIZE);
    for (int n = 0; n < BLOCK_SIZE; n++)
      assert_int_equal(block[n], 'a' + i);
  }
  output_close(f, &o);
}

/* The file's own error, from each operation, and again from each that follows;
 * what was accepted is kept. */
static void underlying_stream_throws_exceptions(void **state) {
  struct fixture *f = *state;
  static const int errors[] = {EIO, ENOSPC, EPIPE};
  for (int i = 0; i < OPERATIONS * 3; i++) {
    int64_t status = uv_translate_sys_error(errors[i / OPERATIONS]);
    int which = i % OPERATIONS;
    struct output o;
    output_open(&o, -1);
    put(&o, 0, 16);
    cut_begin(o.fd, 0, 0, errors[i / OPERATIONS]);
    vt_t v = begin(&o, which);
    size_t taken = vt_is_succeeded(v) ? which == BYTE ? 1 : 16 : 0;
    if (taken > 0) /* into the other buffer, and the failure comes later */
      v = vt_writer_flush_async(&o.w);
    assert_status(vt_loop_run(f->vt, v).status, status);
    cut_end();
    output_assert_kept(&o, 16 + taken);
    output_assert_refuses(&o, which == CLOSE ? UV_EBADF : status);
    assert_int_equal(vt_writer_resume(&o.w), which == CLOSE ? UV_EBADF : 0);
    if (which != CLOSE) {
      assert_status(vt_loop_run(f->vt, vt_writer_flush_async(&o.w)).status, 0);
      output_assert_file(&o, 16 + taken);
    }
    output_close(f, &o);
  }
}

/* A flush hands over whatever is there, however little, by one write; where
 * nothing is there it asks nothing of the file. */
static void should_always_flush_underlying_stream_if_writable(void **state) {
  struct fixture *f = *state;
  struct output o;
  output_open(&o, -1);
  cut_begin(o.fd, 0, SIZE_MAX, 0);
  size_t sent = 0;
  for (size_t size = 1; size <= 16; sent += size, size++) {
    put(&o, sent, sent + size);
    assert_status(vt_loop_run(f->vt, vt_writer_flush_async(&o.w)).status, 0);
    assert_int_equal(cut_calls(), size);
    assert_true(vt_equal(vt_writer_flush_async(&o.w), vt_done()));
    output_assert_file(&o, sent + size);
  }
  assert_int_equal(cut_calls(), 16);
  cut_end();
  output_close(f, &o);
}

/* Nothing is asked of a file that takes nothing, until there is a byte for
 * it. */
static void should_not_flush_underlying_stream_if_read_only(void **state) {
  struct fixture *f = *state;
  struct output o;
  int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  output_open_file(&o, fd, -1);
  uint64_t before = fixture_allocations();
  assert_true(vt_equal(vt_writer_flush_async(&o.w), vt_done()));
  assert_int_equal(fixture_allocations(), before);
  put(&o, 0, 1);
  assert_status(vt_loop_run(f->vt, vt_writer_flush_async(&o.w)).status,
                UV_EBADF);
  assert_int_equal(vt_writer_discard(&o.w), 0);
  output_close(f, &o);
}

/* ---- the cases: cancelled by a scope ---- */

/* In a cancelled scope a flush is not begun; outside it goes on as if nothing
 * had been. */
static void
flush_async_throws_if_passed_canceled_cancellation_token(void **state) {
  struct fixture *f = *state;
  struct output o;
  vt_scope_t *scope;
  output_open(&o, -1);
  put(&o, 0, 10);
  assert_status(vt_scope_new(NULL, &scope), 0);
  assert_status(vt_scope_cancel(scope, UV_ECANCELED), 0);
  vt_scope_t *before = vt_scope_enter(scope);
  assert_status(vt_loop_run(f->vt, vt_writer_flush_async(&o.w)).status,
                UV_ECANCELED);
  vt_scope_leave(before);
  assert_status(vt_loop_run(f->vt, vt_scope_join(scope)).status, UV_ECANCELED);
  output_assert_kept(&o, 10);
  assert_status(vt_loop_run(f->vt, vt_writer_flush_async(&o.w)).status, 0);
  output_assert_file(&o, 10);
  output_close(f, &o);
}

/* Cancelled while it waits for the pool it ends and keeps the bytes; the next
 * one, of no scope, writes them. */
static void
flush_async_with_new_cancellation_token_not_affected_by_previous(void **state) {
  struct fixture *f = *state;
  struct output o;
  struct seen seen = {0};
  struct plug plug;
  vt_scope_t *scope;
  output_open(&o, -1);
  put(&o, 0, 10);
  assert_status(vt_scope_new(NULL, &scope), 0);
  plug_in(&plug, &f->uv);
  vt_scope_t *before = vt_scope_enter(scope);
  vt_await(vt_writer_flush_async(&o.w), seen_k, &seen);
  vt_scope_leave(before);
  assert_status(vt_scope_cancel(scope, UV_ECANCELED), 0);
  plug_out(&plug);
  assert_status(vt_loop_run(f->vt, vt_scope_join(scope)).status, UV_ECANCELED);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, UV_ECANCELED);
  output_assert_kept(&o, 10);
  assert_status(vt_loop_run(f->vt, vt_writer_flush_async(&o.w)).status, 0);
  output_assert_file(&o, 10);
  output_close(f, &o);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(double_flush_async_throws),
      fixture_test(
          flush_async_returns_completed_task_when_size_less_then_limit),
      fixture_test(
          flush_async_returns_non_completed_size_when_commit_over_the_limit),
      fixture_test(concurrent_operations_are_serialized),
      fixture_test(underlying_stream_throws_exceptions),
      fixture_test(should_always_flush_underlying_stream_if_writable),
      fixture_test(should_not_flush_underlying_stream_if_read_only),
      fixture_test(flush_async_throws_if_passed_canceled_cancellation_token),
      fixture_test(
          flush_async_with_new_cancellation_token_not_affected_by_previous),
  };
  plug_prepare();
  return fixture_main("conformance/buffered", tests);
}
