/* SPDX-License-Identifier: MIT */
/* A snapshot whose loads a test ends by hand, and its values, which are
 * numbers. */
#ifndef VT_TEST_STOCK_H
#define VT_TEST_STOCK_H

#include "support/fixture.h"
#include "support/gate.h"
#include "support/line.h"

enum { STOCK_LOADS = 16 };

struct stock {
  vt_snapshot_t *snapshot;
  struct gate gates[STOCK_LOADS]; /* one for each load */
  int loads;
  bool at_once; /* a load gives result in hand */
  vt_result_t result;
  void (*inside)(struct stock *s); /* called by the next load */
  int drops;
  int64_t dropped; /* the last of them */
  struct line line;
};

/* Sets the loader, the drop function and their argument. */
void stock_options(struct stock *s, vt_snapshot_options_t *options);

/* Opens it; options are completed. */
void stock_open(struct stock *s, vt_snapshot_options_t options);

/* Closes it, and runs until all is over. */
void stock_close(struct stock *s, struct fixture *f);

/* Awaits a get as the next wait of the line. */
void stock_get(struct stock *s);

/* Ends the load of this number, 0 the first. */
void stock_end(struct stock *s, int load, vt_result_t result);

/* The same for the next load, at once. */
void stock_has(struct stock *s, int64_t value);

vt_snapshot_stats_t stock_stats(const struct stock *s);

/* A get is in hand with this value. */
#define assert_in_hand(s, expected)                                            \
  do {                                                                         \
    vt_t in_hand_ = vt_snapshot_get((s)->snapshot);                            \
    assert_true(vt_in_hand(in_hand_));                                         \
    assert_int_equal(vt_get_result(in_hand_).value.i, (expected));             \
  } while (0)

#endif
