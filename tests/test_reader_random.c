/* SPDX-License-Identifier: MIT */
/* A reader against a naive model: random calls on a stream that brings pieces
 * of random sizes at once or later, fails and goes on; some calls are cancelled
 * or forgotten.
 *
 * The model is the whole text and a place in it. A call must give what is
 * there, from the place on, by the simplest search; what it does not give is
 * given by the next one.
 *
 * VT_RUNS=100000 is the long form; VT_SEED=n repeats the run of a failure. */
#include "support/well.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT = 400, STEPS = 40, MOST = 40, DELIMITER = 6 };

struct model {
  struct fixture *f;
  struct well well;
  vt_reader_t r;
  char text[TEXT];
  size_t size;
  size_t at;     /* read so far */
  size_t buffer; /* bytes of the reader's */
  bool cut;      /* in a line that was too long */
  uint64_t seed;
  const char *problem;
};

static unsigned draw(struct model *m, unsigned below) {
  m->seed = m->seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
  return (unsigned)(m->seed >> 33) % below;
}

static void tell(struct model *m, const char *problem) {
  if (!m->problem)
    m->problem = problem;
}

static size_t left(const struct model *m) { return m->size - m->at; }

/* ---- what came of a call ---- */

struct outcome {
  vt_result_t r;
  bool given_up; /* forgotten: there is no result */
};

static bool is_error(int64_t status) {
  return status == UV_EIO || status == UV_ENOMEM;
}

/* Waits, cancels or forgets. */
static struct outcome come_of(struct model *m, vt_t v, bool patient) {
  struct outcome o = {{0, {0}}, false};
  struct seen seen = {0};
  if (!vt_in_hand(v) && !patient && draw(m, 5) == 0) {
    for (unsigned turns = draw(m, 4); turns > 0; turns--)
      fixture_turn(m->f);
    o.given_up = vt_status(v) >= 0; /* a failure has to be seen */
  }
  if (o.given_up) {
    vt_forget(v);
    return o;
  }
  bool hurried = !vt_in_hand(v) && !patient && draw(m, 5) == 0;
  vt_await(v, seen_k, &seen);
  for (unsigned turns = draw(m, 3); hurried && turns > 0; turns--)
    fixture_turn(m->f);
  bool cancelled = hurried && !seen.count && vt_cancel(v) == 0;
  if (!seen.count && !fixture_run_until(m->f, &seen.count, 1))
    tell(m, "a call was never told");
  o.r = seen.result;
  if (o.r.status == UV_ECANCELED && !cancelled)
    tell(m, "another call's cancel was told");
  return o;
}

/* Bytes that were given are the next ones. */
static void check_bytes(struct model *m, const void *data, size_t n) {
  if (n > left(m) || (n > 0 && memcmp(data, m->text + m->at, n) != 0))
    tell(m, "bytes are not the next ones");
}

/* A failure is right where nothing more is there, or the stream has failed. */
static void check_failure(struct model *m, int64_t status) {
  if (status != UV_EOF && status != UV_ECANCELED && !is_error(status))
    tell(m, "a status that nobody gave");
  if (status == UV_ENOMEM && m->r.error == UV_ENOMEM)
    tell(m, "what is no error of the stream stays");
  if (is_error(status) && vt_reader_resume(&m->r) != 0)
    tell(m, "an error cannot be cleared");
}

/* ---- the steps ---- */

/* Large reads have read what size tells, whatever became of them. */
static void read_bytes(struct model *m, bool exact) {
  char out[TEXT];
  size_t n = 1 + draw(m, draw(m, 4) ? 12 : 60);
  bool large = n >= m->buffer;
  vt_t v = exact ? vt_reader_read_exact(&m->r, out, n)
                 : vt_reader_read(&m->r, out, n);
  struct outcome o = come_of(m, v, large);
  m->cut = false;
  if (o.given_up)
    return;
  size_t got = m->r.size;
  if (o.r.status == 0 && (o.r.value.u != got || got == 0 || got > n))
    tell(m, "not as many bytes as were told");
  if (o.r.status == 0 && exact && got != n)
    tell(m, "an exact read is not");
  if (o.r.status != 0 && got > 0 && !(exact && large))
    tell(m, "a failed read has read");
  if (o.r.status == UV_EOF && left(m) >= (exact ? n : 1))
    tell(m, "an end before the end");
  check_bytes(m, out, got);
  m->at += got;
  if (o.r.status != 0)
    check_failure(m, o.r.status);
}

static void peek(struct model *m) {
  size_t n = draw(m, MOST + 1);
  struct outcome o = come_of(m, vt_reader_peek(&m->r, n), false);
  m->cut = false;
  if (o.given_up)
    return;
  if (o.r.status == 0)
    check_bytes(m, m->r.data, m->r.size);
  if (o.r.status == 0 && m->r.size < n && m->r.error == 0)
    tell(m, "a peek is too short");
  if (o.r.status == UV_EOF && left(m) > 0)
    tell(m, "an end before the end");
  if (o.r.status != 0)
    check_failure(m, o.r.status);
}

static void pass_over(struct model *m) {
  size_t n = draw(m, 50);
  struct outcome o = come_of(m, vt_reader_skip(&m->r, n), true);
  m->cut = false;
  if (o.r.status == UV_EOF ? m->r.size != left(m) || n <= left(m)
                           : o.r.status == 0 && m->r.size != n)
    tell(m, "not as many bytes were skipped");
  m->at += m->r.size;
  if (o.r.status != 0)
    check_failure(m, o.r.status);
}

/* How far it is to the end of the next delimiter; 0: there is none. */
static size_t distance(const struct model *m, const char *end, size_t length) {
  for (size_t i = m->at; i + length <= m->size; i++) {
    if (memcmp(m->text + i, end, length) == 0)
      return i + length - m->at;
  }
  return 0;
}

static size_t without_end(const char *line, size_t n) {
  n--;
  return n > 0 && line[n - 1] == '\r' ? n - 1 : n;
}

/* A line or a part that was given, or was too long. */
static void check_line(struct model *m, bool line, const char *end,
                       size_t length, vt_result_t r) {
  if (m->cut) { /* the rest of the one before */
    size_t rest = distance(m, end, length);
    m->at += rest > 0 ? rest : left(m);
    m->cut = false;
  }
  size_t n = distance(m, end, length);
  if (n == 0)
    n = left(m);
  else if (line && r.status == 0)
    n = without_end(m->text + m->at, n);
  if (r.status == 0) {
    if (m->r.size != n || n > MOST)
      tell(m, "not the whole line");
    check_bytes(m, m->r.data, m->r.size);
    n = distance(m, end, length);
    m->at += n > 0 ? n : left(m);
  } else if (r.status == UV_E2BIG) {
    if (n <= MOST && m->r.error != UV_EOF && n < left(m))
      tell(m, "a line that is too long is not");
    check_bytes(m, m->r.data, m->r.size);
    m->at += m->r.size;
    m->cut = true;
  } else if (r.status == UV_EOF && left(m) > 0) {
    tell(m, "an end before the end");
  }
}

static void read_line(struct model *m) {
  char end[DELIMITER] = "\n";
  bool line = draw(m, 2) == 0;
  size_t length = line ? 1 : 1 + draw(m, DELIMITER - 1);
  for (size_t i = 0; i < length && !line; i++)
    end[i] = "ab\n"[draw(m, 3)];
  for (int i = 0; i < 50; i++) { /* what was cut stays so until it succeeds */
    vt_t v = line ? vt_reader_read_line(&m->r)
                  : vt_reader_read_until(&m->r, end, length);
    struct outcome o = come_of(m, v, m->cut);
    if (o.given_up)
      return;
    if (is_error(o.r.status) || o.r.status == UV_ECANCELED) {
      check_failure(m, o.r.status);
      if (m->cut)
        continue;
      return;
    }
    check_line(m, line, end, length, o.r);
    return;
  }
  tell(m, "a line never comes");
}

static void unread(struct model *m) {
  size_t n = draw(m, 10);
  if (n > m->at)
    return;
  int rc = vt_reader_unread(&m->r, m->text + m->at - n, n);
  if (rc == 0)
    m->at -= n;
  else if (rc != UV_E2BIG && rc != UV_EBUSY)
    tell(m, "bytes cannot be put back");
}

static void step(struct model *m) {
  if (draw(m, 6) == 0) {
    m->well.fails_at = m->well.reads + 1 + (int)draw(m, 4);
    m->well.fails = draw(m, 2) ? UV_EIO : UV_ENOMEM;
  }
  switch (draw(m, 8)) {
  case 0:
    read_bytes(m, true);
    break;
  case 1:
    read_bytes(m, false);
    break;
  case 2:
    peek(m);
    break;
  case 3:
    if (draw(m, 3) == 0)
      pass_over(m);
    break;
  case 4:
    if (!m->cut)
      unread(m);
    break;
  default:
    read_line(m);
  }
}

/* ---- a run ---- */

static void open_reader(struct model *m) {
  m->buffer = 1 + draw(m, MOST);
  vt_reader_options_t options = {
      .size = m->buffer, .most = MOST, .flags = VT_READER_OWNS};
  m->size = draw(m, TEXT);
  unsigned rare = 2 + draw(m, 40);
  for (size_t i = 0; i < m->size; i++)
    m->text[i] = draw(m, rare) ? "abb\r"[draw(m, 4)] : '\n';
  well_init_text(&m->well, m->text, m->size);
  m->well.seed = m->seed | 1;
  if (vt_reader_init(&m->r, &m->well.base, &options) != 0)
    tell(m, "the reader is not opened");
}

static void end_run(struct model *m) {
  struct seen seen = {0};
  vt_await(vt_reader_close(&m->r), seen_k, &seen);
  if (!fixture_run(m->f))
    tell(m, "the loop does not end");
  if (seen.count != 1 || seen.result.status != 0 || m->well.closes != 1)
    tell(m, "a close has not closed");
}

/* Failures that nobody took are those of calls that were forgotten. */
static const char *run(struct fixture *f, struct model *m, uint64_t seed) {
  memset(m, 0, sizeof *m);
  m->f = f;
  m->seed = seed;
  open_reader(m);
  for (int i = 0; i < STEPS && !m->problem; i++)
    step(m);
  end_run(m);
  while (fixture_take_report(f, VT_REPORT_FORGOTTEN))
    ;
  f->report_count = 0;
  return m->problem;
}

static void random_calls_give_each_byte_once(void **state) {
  const char *runs = getenv("VT_RUNS");
  const char *seed = getenv("VT_SEED");
  uint64_t first = seed ? strtoull(seed, NULL, 10) : 1;
  uint64_t count = runs ? strtoull(runs, NULL, 10) : 3000;
  struct model *m = malloc(sizeof *m);
  const char *problem = NULL;
  uint64_t n;
  assert_non_null(m);
  for (n = first; n < first + (seed ? 1 : count) && !problem; n++)
    problem = run(*state, m, n);
  free(m);
  if (problem)
    fail_msg("VT_SEED=%llu: %s", (unsigned long long)(n - 1), problem);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(random_calls_give_each_byte_once),
  };
  return fixture_main("reader_random", tests);
}
