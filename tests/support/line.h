/* SPDX-License-Identifier: MIT */
/* Those who wait for a primitive, and the order in which they went on. */
#ifndef VT_TEST_LINE_H
#define VT_TEST_LINE_H

#include "support/fixture.h"

enum { LINE_MAX_WAITS = 64 };

struct line;

struct line_wait {
  struct line *line;
  vt_t v;
  struct seen seen;
  int place; /* 1: went on first; 0: still waits */
};

/* Zeroed at first. */
struct line {
  struct line_wait waits[LINE_MAX_WAITS];
  int count;
  int gone_on;
};

/* Awaits v as the next wait of the line. */
void line_await(struct line *line, vt_t v);

/* Withdraws the continuation of wait i; whether it was there. */
bool line_stop(struct line *line, int i);

/* One turn; how many have gone on since the line began. */
int line_turn(struct fixture *f, struct line *line);

void line_assert_went(const struct line *line, int i, int place, int64_t status,
                      int64_t value, const char *file, int line_number);

/* Wait i went on at this place of the order, with this status. */
#define assert_went(line, i, place, status)                                    \
  line_assert_went((line), (i), (place), (status), 0, __FILE__, __LINE__)
/* The same with a value. */
#define assert_went_with(line, i, place, value)                                \
  line_assert_went((line), (i), (place), 0, (value), __FILE__, __LINE__)

#endif
