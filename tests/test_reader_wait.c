/* SPDX-License-Identifier: MIT */
/* Calls of the reader that wait: cancelled, forgotten, refused, closed; over
 * files and sockets; and what they allocate. */
#include "support/pair.h"
#include "support/tmp.h"
#include "support/well.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct place {
  struct well well;
  vt_reader_t r;
};

/* ---- helpers ---- */

static const char text[] = "0123456\n89abcde\n";

static void open_held(struct place *p) {
  vt_reader_options_t options = {
      .size = 4, .most = 32, .flags = VT_READER_OWNS};
  well_init_text(&p->well, text, 16);
  p->well.hold = true;
  assert_int_equal(vt_reader_init(&p->r, &p->well.base, &options), 0);
}

static vt_result_t run(struct fixture *f, vt_t v) {
  return vt_loop_run(f->vt, v);
}

static void close_reader(struct fixture *f, struct place *p) {
  assert_status(run(f, vt_reader_close(&p->r)).status, 0);
  assert_int_equal(p->well.closes, 1);
}

/* All that the text has from number at on is still to be read. */
static void assert_rest(struct fixture *f, struct place *p, size_t at) {
  char out[16];
  p->well.hold = false;
  assert_status(run(f, vt_reader_read_exact(&p->r, out, 16 - at)).status, 0);
  assert_memory_equal(out, text + at, 16 - at);
  assert_status(run(f, vt_reader_read(&p->r, out, 1)).status, UV_EOF);
  close_reader(f, p);
}

/* ---- each kind of call; out has room for it ---- */

typedef vt_t call_fn(vt_reader_t *r, char *out);

static vt_t a_read(vt_reader_t *r, char *out) {
  return vt_reader_read(r, out, 3);
}
static vt_t an_exact(vt_reader_t *r, char *out) {
  return vt_reader_read_exact(r, out, 3);
}
static vt_t a_peek(vt_reader_t *r, char *out) {
  (void)out;
  return vt_reader_peek(r, 12);
}
static vt_t a_line(vt_reader_t *r, char *out) {
  (void)out;
  return vt_reader_read_line(r);
}
static vt_t a_part(vt_reader_t *r, char *out) {
  (void)out;
  return vt_reader_read_until(r, "6\n", 2);
}
static call_fn *const calls[] = {a_read, an_exact, a_peek, a_line, a_part};
enum { CALLS = sizeof calls / sizeof *calls };

/* A call that waits for its reads-th read of the stream. */
static vt_t begin_waiting(struct place *p, call_fn *call, char *out,
                          int reads) {
  open_held(p);
  vt_t v = call(&p->r, out);
  for (int i = 1; i < reads && p->well.gate.op && vt_status(v) == VT_PENDING;
       i++)
    well_let(&p->well);
  return v;
}

/* ---- it is given up ---- */

static void a_call_after_a_cancelled_one_gets_the_bytes(void **state) {
  for (int stays = 0; stays < 2; stays++) {
    struct place p;
    struct seen first = {0}, second = {0};
    char out[16];
    vt_t v = begin_waiting(&p, a_line, out, 1);
    p.well.gate.cancel_rc = stays ? UV_EBUSY : 0;
    p.well.stays = stays;
    vt_await(v, seen_k, &first);
    vt_cancel(v);
    fixture_run_until(*state, &first.count, 1);
    vt_await(vt_reader_read_line(&p.r), seen_k, &second);
    for (int i = 0; i < 8 && !second.count; i++) {
      if (p.well.gate.op)
        well_let(&p.well);
      fixture_turn(*state);
    }
    assert_seen_int(&second, 7);
    assert_memory_equal(p.r.data, "0123456", 7);
    assert_rest(*state, &p, 8);
  }
}

static void a_cancelled_large_read_waits_for_its_memory(void **state) {
  struct place p;
  struct seen seen = {0};
  char out[16];
  open_held(&p);
  p.well.stays = true;
  p.well.most = 5;
  vt_t v = vt_reader_read_exact(&p.r, out, 16);
  vt_await(v, seen_k, &seen);
  assert_int_equal(vt_cancel(v), 0);
  fixture_turn(*state);
  assert_int_equal(seen.count, 0);
  well_let(&p.well);
  fixture_run_until(*state, &seen.count, 1);
  assert_status(seen.result.status, UV_ECANCELED);
  assert_int_equal(p.r.size, 5);
  assert_memory_equal(out, text, 5);
  assert_rest(*state, &p, 5);
}

static void a_cancelled_scope_ends_a_call(void **state) {
  struct fixture *f = *state;
  struct place p;
  struct seen seen = {0}, joined = {0};
  vt_scope_t *scope;
  open_held(&p);
  assert_int_equal(vt_scope_new(NULL, &scope), 0);
  vt_scope_t *before = vt_scope_enter(scope);
  vt_await(vt_reader_read_line(&p.r), seen_k, &seen);
  vt_scope_leave(before);
  vt_scope_cancel(scope, UV_ECANCELED);
  vt_await(vt_scope_join(scope), seen_k, &joined);
  fixture_run_until(f, &joined.count, 1);
  assert_seen_status(&seen, UV_ECANCELED);
  assert_rest(f, &p, 0);
}

/* ---- misuse, and the end ---- */

static void a_second_call_is_refused(void **state) {
  struct place p;
  struct seen seen = {0};
  char out[16];
  vt_t v = begin_waiting(&p, a_line, out, 1);
  for (int c = 0; c < CALLS; c++)
    assert_status(vt_status(calls[c](&p.r, out)), UV_EALREADY);
  assert_status(vt_status(vt_reader_skip(&p.r, 1)), UV_EALREADY);
  assert_int_equal(vt_reader_unread(&p.r, "x", 1), UV_EALREADY);
  assert_int_equal(vt_reader_resume(&p.r), UV_EALREADY);
  vt_await(v, seen_k, &seen);
  while (p.well.gate.op)
    well_let(&p.well);
  fixture_run_until(*state, &seen.count, 1);
  assert_seen_int(&seen, 7);
  assert_rest(*state, &p, 8);
}

static void a_closed_reader_refuses(void **state) {
  struct place p;
  char out[16];
  open_held(&p);
  close_reader(*state, &p);
  for (int c = 0; c < CALLS; c++)
    assert_status(vt_status(calls[c](&p.r, out)), UV_EBADF);
  assert_status(vt_status(vt_reader_close(&p.r)), UV_EBADF);
  assert_int_equal(vt_reader_resume(&p.r), UV_EBADF);
  assert_status(vt_status(vt_reader_peek(NULL, 1)), UV_EINVAL);
}

static void wrong_arguments_are_refused(void **state) {
  struct place p;
  vt_reader_options_t options = {.size = 9, .most = 8};
  vt_byte_stream_ops_t none = {0};
  vt_byte_stream_t mute = {&none};
  open_held(&p);
  assert_status(vt_status(vt_reader_read(&p.r, NULL, 1)), UV_EINVAL);
  assert_status(vt_status(vt_reader_read_until(&p.r, "", 0)), UV_EINVAL);
  assert_status(vt_status(vt_reader_read_until(&p.r, text, 33)), UV_E2BIG);
  close_reader(*state, &p);
  assert_int_equal(vt_reader_init(NULL, &mute, NULL), UV_EINVAL);
  assert_int_equal(vt_reader_init(&p.r, NULL, NULL), UV_EINVAL);
  assert_int_equal(vt_reader_init(&p.r, &mute, NULL), UV_EINVAL);
  assert_int_equal(vt_reader_init(&p.r, &p.well.base, &options), UV_EINVAL);
}

/* The buffer goes when the stream is done with it, and the stream then. */
static void a_close_waits_for_the_stream(void **state) {
  for (int stays = 0; stays < 2; stays++) {
    struct place p;
    struct seen call = {0}, closed = {0}, again = {0};
    char out[16];
    vt_t v = begin_waiting(&p, a_line, out, 1);
    p.well.gate.cancel_rc = stays ? UV_EBUSY : 0;
    vt_await(v, seen_k, &call);
    vt_await(vt_reader_close(&p.r), seen_k, &closed);
    if (stays) {
      vt_await(vt_reader_close(&p.r), seen_k, &again);
      assert_int_equal(p.well.closes, 0);
      well_let(&p.well);
    }
    fixture_run(*state);
    assert_seen_status(&call, UV_ECANCELED);
    assert_seen_status(&closed, 0);
    assert_int_equal(again.count, stays);
    assert_int_equal(p.well.closes, 1);
  }
}

/* ---- errors ---- */

/* Each read of the stream fails once: what came before is given before it. */
static void an_error_comes_after_the_bytes_before_it(void **state) {
  static const int64_t errors[] = {UV_EIO, UV_ECONNRESET, UV_ENOMEM,
                                   UV_ECANCELED};
  for (int at = 1; at <= 6; at++) {
    for (int e = 0; e < 8; e++) {
      struct place p;
      char out[32];
      size_t got = 0;
      open_held(&p);
      p.well.hold = false;
      p.well.most = 3;
      p.well.later = e % 2;
      p.well.fails_at = at;
      p.well.fails = errors[e / 2];
      vt_result_t r = {0, {0}};
      while ((r = run(*state, vt_reader_read(&p.r, out + got, 2))).status == 0)
        got += r.value.u;
      assert_status(r.status, errors[e / 2]);
      assert_int_equal(got, 3 * (at - 1) < 16 ? 3 * (at - 1) : 16);
      assert_memory_equal(out, text, got);
      assert_int_equal(vt_reader_resume(&p.r), 0);
      assert_rest(*state, &p, got);
    }
  }
}

static void an_end_comes_after_each_byte(void **state) {
  for (size_t end = 0; end <= 16; end++) {
    struct place p;
    size_t got = 0;
    vt_result_t r;
    open_held(&p);
    p.well.hold = false;
    p.well.size = end;
    while ((r = run(*state, vt_reader_read_line(&p.r))).status == 0) {
      assert_memory_equal(p.r.data, text + got, p.r.size);
      got += p.r.size + (got + p.r.size < end);
    }
    assert_status(r.status, UV_EOF);
    assert_int_equal(got, end);
    close_reader(*state, &p);
  }
}

/* ---- files, sockets, memory ---- */

static void a_file_is_read_by_lines(void **state) {
  for (int64_t offset = -1; offset <= 8; offset += 9) {
    vt_byte_file_t file;
    vt_reader_t r;
    vt_reader_options_t options = {.size = 5, .flags = VT_READER_OWNS};
    int fd = tmp_fd();
    assert_int_equal(write(fd, text, 16), 16);
    assert_int_equal(lseek(fd, 8, SEEK_SET), 8);
    assert_int_equal(vt_byte_file_init(&file, fd, offset), 0);
    assert_int_equal(vt_reader_init(&r, &file.base, &options), 0);
    assert_int_equal(run(*state, vt_reader_read_line(&r)).value.u, 7);
    assert_memory_equal(r.data, "89abcde", 7);
    assert_status(run(*state, vt_reader_read_line(&r)).status, UV_EOF);
    assert_status(run(*state, vt_reader_close(&r)).status, 0);
  }
}

static void a_socket_is_read_by_lines(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  vt_byte_socket_t socket;
  vt_reader_t r;
  vt_reader_options_t options = {.flags = VT_READER_OWNS};
  struct seen seen = {0};
  assert_int_equal(vt_byte_socket_init(&socket, p.stream), 0);
  assert_int_equal(vt_reader_init(&r, &socket.base, &options), 0);
  vt_t v = vt_reader_read_line(&r);
  vt_await(v, seen_k, &seen);
  vt_cancel(v);
  fixture_run_until(f, &seen.count, 1);
  assert_int_equal(write(p.fd, text, 12), 12);
  close(p.fd);
  assert_int_equal(run(f, vt_reader_read_line(&r)).value.u, 7);
  assert_int_equal(run(f, vt_reader_read_line(&r)).value.u, 4);
  assert_memory_equal(r.data, "89ab", 4);
  assert_status(run(f, vt_reader_read_line(&r)).status, UV_EOF);
  assert_status(run(f, vt_reader_close(&r)).status, 0);
}

static void nothing_is_allocated_once_it_goes(void **state) {
  struct place p;
  vt_reader_options_t options = {.size = 100, .flags = VT_READER_OWNS};
  uint8_t out[500];
  uint64_t before = 0;
  well_init(&p.well, 1 << 20);
  p.well.later = true;
  p.well.most = 77;
  assert_int_equal(vt_reader_init(&p.r, &p.well.base, &options), 0);
  for (int i = 0; i < 200; i++) {
    if (i == 20)
      before = fixture_allocations();
    assert_status(run(*state, vt_reader_read(&p.r, out, 60)).status, 0);
    assert_status(run(*state, vt_reader_read_exact(&p.r, out, 99)).status, 0);
    assert_status(run(*state, vt_reader_read_exact(&p.r, out, 500)).status, 0);
    assert_status(run(*state, vt_reader_read_until(&p.r, "\7", 1)).status, 0);
    assert_status(run(*state, vt_reader_peek(&p.r, 90)).status, 0);
    assert_status(run(*state, vt_reader_skip(&p.r, 101)).status, 0);
  }
  assert_int_equal(fixture_allocations(), before);
  close_reader(*state, &p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(a_call_after_a_cancelled_one_gets_the_bytes),
      fixture_test(a_cancelled_large_read_waits_for_its_memory),
      fixture_test(a_cancelled_scope_ends_a_call),
      fixture_test(a_second_call_is_refused),
      fixture_test(a_closed_reader_refuses),
      fixture_test(wrong_arguments_are_refused),
      fixture_test(a_close_waits_for_the_stream),
      fixture_test(an_error_comes_after_the_bytes_before_it),
      fixture_test(an_end_comes_after_each_byte),
      fixture_test(a_file_is_read_by_lines),
      fixture_test(a_socket_is_read_by_lines),
      fixture_test(nothing_is_allocated_once_it_goes),
  };
  return fixture_main("reader_wait", tests);
}
