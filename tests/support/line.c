/* SPDX-License-Identifier: MIT */
/* Those who wait for a primitive. */
#include "support/line.h"

static void on_wait(void *state, vt_result_t result) {
  struct line_wait *w = state;
  seen_k(&w->seen, result);
  w->place = ++w->line->gone_on;
}

void line_await(struct line *line, vt_t v) {
  struct line_wait *w = &line->waits[line->count++];
  w->line = line;
  w->v = v;
  vt_await(v, on_wait, w);
}

bool line_stop(struct line *line, int i) {
  return vt_await_stop(line->waits[i].v, on_wait, &line->waits[i]);
}

int line_turn(struct fixture *f, struct line *line) {
  fixture_turn(f);
  return line->gone_on;
}

void line_assert_went(const struct line *line, int i, int place, int64_t status,
                      int64_t value, const char *file, int line_number) {
  const struct line_wait *w = &line->waits[i];
  fixture_assert_seen(&w->seen, status, value, file, line_number);
  _assert_int_equal((uintmax_t)w->place, (uintmax_t)place, file, line_number);
}
