/* SPDX-License-Identifier: MIT */
/* Three gates as the operands of a vt_each_t, and an async function that takes
 * what comes. */
#ifndef VT_TEST_TRIO_H
#define VT_TEST_TRIO_H

#include "support/fixture.h"
#include "support/gate.h"

enum { TRIO = 3 };

struct trio {
  struct gate gates[TRIO];
  vt_each_t *each;
  struct seen seen; /* of the last trio_next */
};

void trio_begin(struct trio *t, unsigned flags);

/* Frees it, and runs what was cancelled. */
void trio_end(struct fixture *f, struct trio *t);

void trio_open(struct trio *t, int i, int64_t value);
void trio_fail(struct trio *t, int i, int64_t status);

/* Awaits the next one. */
void trio_next(struct trio *t);

/* Takes all and frees it: the indices as decimal digits, times 100, and the sum
 * of the values. */
VT_MUST_USE vt_t each_sum(vt_each_t *each);

#define assert_end(t) assert_status(vt_status(vt_each_next((t)->each)), UV_EOF)

/* The next one is there, and is that index. */
#define assert_next(t, index) (trio_next(t), assert_seen_int(&(t)->seen, index))

/* The result of an index. */
#define assert_result(t, index, status_, value_)                               \
  do {                                                                         \
    vt_result_t result_ = vt_each_result((t)->each, (index));                  \
    assert_status(result_.status, status_);                                    \
    assert_int_equal(result_.value.i, value_);                                 \
  } while (0)

#endif
