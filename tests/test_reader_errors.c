/* SPDX-License-Identifier: MIT */
/* Each call of the reader against each failure of its stream, each end and each
 * moment to give it up: what was given and what is still to be read are the
 * whole text, once. */
#include "support/fixture.h"
#include "support/well.h"

#include <stdlib.h>
#include <string.h>

enum { ALL = 4096, FEW = 32, STEP = 3 };

struct place {
  struct fixture *f;
  struct well well;
  vt_reader_t r;
  char out[128];
};

/* ---- the calls ---- */

static vt_t a_read(struct place *p) { return vt_reader_read(&p->r, p->out, 3); }
static vt_t a_large_read(struct place *p) {
  return vt_reader_read(&p->r, p->out, 100);
}
static vt_t an_exact(struct place *p) {
  return vt_reader_read_exact(&p->r, p->out, 3);
}
static vt_t a_large_exact(struct place *p) {
  return vt_reader_read_exact(&p->r, p->out, 11);
}
static vt_t a_peek(struct place *p) { return vt_reader_peek(&p->r, 7); }
static vt_t a_skip(struct place *p) { return vt_reader_skip(&p->r, 5); }
static vt_t a_line(struct place *p) { return vt_reader_read_line(&p->r); }
static vt_t a_part(struct place *p) {
  return vt_reader_read_until(&p->r, "6\n", 2);
}

/* Whether one that is given up has read what had come. */
static const struct {
  vt_t (*call)(struct place *p);
  bool keeps;
} calls[] = {{a_read, false}, {a_large_read, true},  {an_exact, false},
             {a_line, false}, {a_large_exact, true}, {a_peek, false},
             {a_part, false}, {a_skip, true}};
enum { CALLS = sizeof calls / sizeof *calls };

/* ---- helpers ---- */

/* Lines of all lengths up to 16, some of them with CR LF. */
static const char *text(void) {
  static char bytes[ALL];
  for (size_t i = 0, length = 7, left = 7; i < ALL && !bytes[ALL - 1]; i++) {
    bytes[i] = left > 0 ? (char)('0' + i % 8) : '\n';
    if (left == 0 && length % 4 == 3)
      bytes[i - 1] = length == 7 ? '6' : '\r';
    length = left == 0 ? length * 7 % 17 : length;
    left = left == 0 ? length : left - 1;
  }
  return bytes;
}

static void open_place(struct place *p, struct fixture *f, size_t size) {
  vt_reader_options_t options = {
      .size = 4, .most = ALL, .flags = VT_READER_OWNS};
  memset(p, 0, sizeof *p);
  p->f = f;
  well_init_text(&p->well, text(), size);
  p->well.most = STEP;
  assert_int_equal(vt_reader_init(&p->r, &p->well.base, &options), 0);
}

static vt_result_t run(struct place *p, vt_t v) {
  return vt_loop_run(p->f->vt, v);
}

/* The number of the next byte. */
static size_t where(const struct place *p) {
  return p->well.at - (p->r.end - p->r.at);
}

/* A call, and what it gave was the next of the text; a peek is read then. */
static int64_t call(struct place *p, int c) {
  size_t at = where(p);
  vt_result_t r = run(p, calls[c].call(p));
  if (p->r.data && p->r.size > 0)
    assert_memory_equal(p->r.data, text() + at, p->r.size);
  if (calls[c].call == a_peek && r.status == 0)
    assert_status(run(p, vt_reader_skip(&p->r, r.value.u)).status, 0);
  return r.status;
}

/* What is not read is the rest of the text; closes. */
static void assert_rest(struct place *p) {
  size_t at = where(p);
  vt_result_t r;
  p->well.hold = false;
  p->well.fails_at = 0;
  assert_int_equal(vt_reader_resume(&p->r), 0);
  while ((r = run(p, vt_reader_read(&p->r, p->out, 3))).status == 0) {
    assert_memory_equal(p->out, text() + at, r.value.u);
    at += r.value.u;
  }
  assert_status(r.status, UV_EOF);
  assert_int_equal(at, p->well.size);
  assert_status(run(p, vt_reader_close(&p->r)).status, 0);
}

static bool is_refusal(int64_t status) {
  return status == UV_ENOMEM || status == UV_ECANCELED;
}

/* ---- failures ---- */

/* The calls go on until the stream has failed. */
static void fail_once(struct fixture *f, int c, int at, int status) {
  for (int later = 0; later < 2; later++) {
    struct place p;
    int64_t got;
    open_place(&p, f, FEW);
    p.well.later = later;
    p.well.fails_at = at;
    p.well.fails = status;
    while ((got = call(&p, c)) == 0)
      ;
    assert_status(got, p.well.fails_at == 0 ? status : UV_EOF);
    if (p.r.at == p.r.end && !is_refusal(status))
      assert_status(run(&p, vt_reader_peek(&p.r, 1)).status, got);
    assert_rest(&p);
  }
}

static void each_failure_comes_after_the_bytes_before_it(void **state) {
#define XX(code, text) UV_##code,
  static const int codes[] = {UV_ERRNO_MAP(XX)};
#undef XX
  size_t step = getenv("VT_VALGRIND") ? 17 : 1;
  for (int c = 0; c < CALLS; c++)
    for (int at = 1; at <= FEW / STEP + 3; at++)
      for (size_t e = 0; e < sizeof codes / sizeof *codes; e += step)
        fail_once(*state, c, at, codes[e]);
}

static void the_end_comes_after_each_byte(void **state) {
  size_t step = getenv("VT_VALGRIND") ? 401 : 1;
  for (int c = 0; c < CALLS; c++) {
    for (size_t end = 0; end <= ALL; end += step) {
      struct place p;
      int64_t got;
      open_place(&p, *state, end);
      p.well.most = 0;
      p.r.options.size = 64; /* calls that are large stay so */
      while ((got = call(&p, c)) == 0)
        ;
      assert_status(got, UV_EOF);
      assert_rest(&p);
    }
  }
}

/* ---- given up ---- */

enum { CANCEL = 1, STAYS = 2, MODES = 4 };

/* A large read that is forgotten goes on. */
static void let_all(struct well *well) {
  while (well->gate.op)
    well_let(well);
}

/* A call waits for its reads-th read of the stream and is given up there: false
 * when it does not wait so long. */
static bool give_up(struct fixture *f, int c, int reads, int mode) {
  struct place p;
  struct seen seen = {0};
  open_place(&p, f, FEW);
  p.well.hold = true;
  p.well.stays = mode & STAYS;
  vt_t v = calls[c].call(&p);
  for (int i = 1; i < reads && p.well.gate.op; i++)
    well_let(&p.well);
  bool waits = p.well.gate.op && vt_status(v) == VT_PENDING;
  if (waits && mode & CANCEL) {
    vt_await(v, seen_k, &seen);
    assert_int_equal(vt_cancel(v), 0);
    let_all(&p.well);
    fixture_run_until(f, &seen.count, 1);
    assert_int_equal(seen.count, 1);
  } else {
    vt_forget(v);
    let_all(&p.well);
    fixture_run(f);
  }
  if (waits && !calls[c].keeps)
    assert_int_equal(where(&p), 0);
  if (waits && mode & CANCEL && calls[c].keeps)
    assert_true(seen.result.status == 0 || p.r.size == where(&p));
  if (waits && calls[c].keeps && calls[c].call != a_skip)
    assert_memory_equal(p.out, text(), where(&p));
  assert_rest(&p);
  return waits;
}

static void given_up_at_each_wait_no_byte_is_lost(void **state) {
  for (int c = 0; c < CALLS; c++) {
    for (int mode = 0; mode < MODES; mode++) {
      int reads = 1;
      while (give_up(*state, c, reads, mode))
        reads++;
      assert_true(reads > 1);
    }
  }
}

/* Its result had come, but nobody took it. */
static void an_untaken_result_leaves_its_bytes(void **state) {
  for (int c = 0; c < CALLS; c++) {
    for (int stopped = 0; stopped < 2; stopped++) {
      struct place p;
      struct seen seen = {0};
      open_place(&p, *state, FEW);
      p.well.hold = true;
      vt_t v = calls[c].call(&p);
      if (stopped)
        vt_await(v, seen_k, &seen);
      let_all(&p.well);
      if (stopped) {
        assert_true(vt_await_stop(v, seen_k, &seen));
        fixture_turn(*state);
      } else {
        assert_int_equal(vt_status(v), 0);
        vt_forget(v);
      }
      assert_int_equal(seen.count, 0);
      if (!calls[c].keeps)
        assert_int_equal(where(&p), 0);
      assert_rest(&p);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(each_failure_comes_after_the_bytes_before_it),
      fixture_test(the_end_comes_after_each_byte),
      fixture_test(given_up_at_each_wait_no_byte_is_lost),
      fixture_test(an_untaken_result_leaves_its_bytes),
  };
  return fixture_main("reader_errors", tests);
}
