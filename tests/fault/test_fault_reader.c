/* SPDX-License-Identifier: MIT */
/* Each allocation of a reader and of a copy fails once, and from there on: no
 * byte is lost or doubled, nobody waits for ever, and a close ends it. */
#include "support/scenario.h"
#include "support/sink.h"
#include "support/well.h"

#include <string.h>

/* ---- helpers ---- */

enum { SIZE = 600 };

struct source {
  struct well well;
  vt_reader_t r;
  size_t at; /* checked so far */
};

static vt_result_t run(struct run *r, vt_t v) {
  return vt_loop_run(r->f.vt, v);
}

static void open_source(struct run *r, struct source *s) {
  vt_reader_options_t options = {
      .size = 20, .most = 200, .flags = VT_READER_OWNS};
  memset(s, 0, sizeof *s);
  well_init(&s->well, SIZE);
  s->well.later = true;
  s->well.most = 13;
  if (vt_reader_init(&s->r, &s->well.base, &options) != 0)
    run_tell(r, "not opened");
}

/* The next n bytes are right. Without memory the next try has some. */
static void check(struct run *r, struct source *s, vt_result_t v,
                  const uint8_t *data, size_t n) {
  if (!run_is_clear(v.status))
    run_tell(r, vt_err_name(v.status));
  for (size_t i = 0; i < n; i++) {
    if (data[i] != well_byte(s->at + i))
      run_tell(r, "a byte is not the next one");
  }
  s->at += n;
  if (v.status != 0) {
    fault_disarm();
    fixture_run(&r->f);
  }
}

static void finish(struct run *r, struct source *s) {
  uint8_t out[SIZE];
  fault_disarm();
  if (s->at < SIZE) {
    vt_result_t v = run(r, vt_reader_read_exact(&s->r, out, SIZE - s->at));
    check(r, s, v, out, s->r.size);
  }
  if (s->at != SIZE || run(r, vt_reader_read(&s->r, out, 1)).status != UV_EOF)
    run_tell(r, "bytes are lost");
  if (run(r, vt_reader_close(&s->r)).status != 0 || s->well.closes != 1)
    run_tell(r, "not closed");
}

/* A stream of a user's: its reads are tasks, which nobody can cancel. */
struct slow {
  vt_byte_stream_t base;
  uv_timer_t timer;
  vt_promise_t *promise;
  uint8_t *to;
  size_t room, at;
};

static void on_slow(uv_timer_t *timer) {
  struct slow *s = timer->data;
  vt_promise_t *promise = s->promise;
  size_t n = s->room < SIZE - s->at ? s->room : SIZE - s->at;
  for (size_t i = 0; i < n; i++)
    s->to[i] = well_byte(s->at + i);
  s->at += n;
  s->promise = NULL;
  vt_promise_set(promise, (vt_value_t){.u = n});
  vt_promise_free(promise);
}

static vt_t slow_read(vt_byte_stream_t *stream, void *to, size_t room) {
  struct slow *s = (struct slow *)(void *)stream;
  int rc = vt_promise_new(0, &s->promise);
  if (rc != 0)
    return vt_failed(rc);
  s->to = to;
  s->room = room < 100 ? room : 100;
  uv_timer_start(&s->timer, on_slow, 0, 0);
  return vt_from_task(vt_promise_task(s->promise));
}

static const vt_byte_stream_ops_t slow_ops = {.read = slow_read};

/* ---- the scenarios ---- */

/* What a stream has begun is awaited: small calls through the buffer, and large
 * ones, whose memory is the stream's until then. */
SCENARIO(reads_that_are_tasks) {
  struct slow s = {.base = {&slow_ops}};
  struct source of = {.at = 0};
  uint8_t out[SIZE] = {0};
  vt_reader_options_t options = {.size = 16, .most = 16};
  uv_timer_init(&r->f.uv, &s.timer);
  s.timer.data = &s;
  if (vt_reader_init(&of.r, &s.base, &options) != 0)
    run_tell(r, "not opened");
  for (int turn = 0; turn < 6 && of.at < SIZE - 200; turn++) {
    size_t n = turn % 2 ? 150 : 3;
    vt_result_t v = run(r, vt_reader_read_exact(&of.r, out, n));
    check(r, &of, v, out, of.r.size);
  }
  fault_disarm();
  vt_result_t rest = run(r, vt_reader_read_exact(&of.r, out, SIZE - of.at));
  check(r, &of, rest, out, of.r.size);
  if (of.at != SIZE || rest.status != 0)
    run_tell(r, "bytes are lost");
  if (run(r, vt_reader_close(&of.r)).status != 0)
    run_tell(r, "not closed");
  run(r, vt_close((uv_handle_t *)&s.timer));
}

SCENARIO(reads_of_all_sizes) {
  static struct source s;
  uint8_t out[64];
  open_source(r, &s);
  for (size_t n = 1; s.at < SIZE - 64; n = n * 7 % 43) {
    vt_result_t v = run(r, n % 2 ? vt_reader_read(&s.r, out, n)
                                 : vt_reader_read_exact(&s.r, out, n));
    check(r, &s, v, out, s.r.size);
  }
  finish(r, &s);
}

SCENARIO(a_buffer_that_grows) {
  static struct source s;
  open_source(r, &s);
  for (int i = 0; i < 4; i++) {
    vt_result_t v = run(r, vt_reader_peek(&s.r, 25u << i));
    if (v.status == 0 && v.value.u < 25u << i)
      run_tell(r, "a peek is too short");
    check(r, &s, v, s.r.data, 0);
  }
  uint8_t back[150] = {0}; /* no room for it before what is there */
  size_t before = s.r.end - s.r.at;
  size_t n = before > 50 ? 200 - before : sizeof back;
  int rc = vt_reader_unread(&s.r, back, n);
  if (!run_is_clear(rc))
    run_tell(r, vt_err_name(rc));
  fault_disarm();
  if (rc == 0 && run(r, vt_reader_skip(&s.r, n)).status != 0)
    run_tell(r, "not passed over");
  finish(r, &s);
}

SCENARIO(parts_of_a_long_delimiter) {
  static struct source s;
  uint8_t end[50];
  open_source(r, &s);
  for (size_t from = 40; from < SIZE - 50; from += 90) {
    for (size_t i = 0; i < sizeof end; i++)
      end[i] = well_byte(from + i);
    size_t length = 1 + from % 50;
    vt_result_t v = run(r, vt_reader_read_until(&s.r, end, length));
    check(r, &s, v, s.r.data, s.r.size);
  }
  finish(r, &s);
}

SCENARIO(a_close_while_a_call_waits) {
  static struct source s;
  struct seen seen = {0};
  open_source(r, &s);
  vt_t v = vt_reader_read_line(&s.r);
  vt_await(v, seen_k, &seen);
  vt_result_t closed = run(r, vt_reader_close(&s.r));
  if (!run_is_clear(closed.status))
    run_tell(r, vt_err_name(closed.status));
  fault_disarm();
  fixture_run(&r->f);
  if (seen.count != 1 || s.well.closes != 1)
    run_tell(r, "not closed");
}

SCENARIO(a_copy_tried_again) {
  static struct source s;
  static struct sink sink;
  static vt_writer_t w;
  vt_writer_options_t options = {.size = 15};
  open_source(r, &s);
  sink_init(&sink);
  sink.later = true;
  sink.most = 11;
  if (vt_writer_init(&w, &sink.base, &options) != 0)
    run_tell(r, "not opened");
  vt_result_t v = {UV_ENOMEM, {0}};
  for (int tries = 0; v.status == UV_ENOMEM && tries < 10; tries++) {
    v = run(r, vt_copy(&s.r, &w, UINT64_MAX, NULL));
    check(r, &s, v, NULL, 0);
  }
  fault_disarm();
  if (run(r, vt_writer_close_async(&w)).status != 0)
    run_tell(r, "the writer is not closed");
  check(r, &s, v, sink.bytes, sink.count);
  finish(r, &s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_that_are_tasks),
      cmocka_unit_test(reads_of_all_sizes),
      cmocka_unit_test(a_buffer_that_grows),
      cmocka_unit_test(parts_of_a_long_delimiter),
      cmocka_unit_test(a_close_while_a_call_waits),
      cmocka_unit_test(a_copy_tried_again),
  };
  if (fault_install() != 0)
    return 1;
  return fixture_main("fault_reader", tests);
}
