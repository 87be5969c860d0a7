/* SPDX-License-Identifier: MIT */
/* The function that every hit calls, in a unit of its own: a number out of a
 * table, in four dresses. */
#ifndef BENCH_CALL_H
#define BENCH_CALL_H

#include <stdint.h>
#include <vt.h>

#define NUMBERS 256u

struct numbers {
  int64_t values[NUMBERS];
};

/* A plain struct in two registers: what a hit is measured against. */
struct outcome {
  int64_t status;
  int64_t value;
};

/* A table of 0, 1, 2, ... 255. */
const struct numbers *numbers_table(void);

/* What n look-ups of 0, 1, 2, ... add up to. */
int64_t numbers_sum(uint64_t n);

int64_t number_int(const struct numbers *t, uint64_t index);
struct outcome number_struct(const struct numbers *t, uint64_t index);
vt_t number_vt(const struct numbers *t, uint64_t index);

/* Static tasks and fresh ones; the caller gets a reference. */
vt_task_t *number_static_task(const struct numbers *t, uint64_t index);
vt_task_t *number_fresh_task(const struct numbers *t, uint64_t index);

#endif
