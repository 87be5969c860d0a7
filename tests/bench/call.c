/* SPDX-License-Identifier: MIT */
/* The function that every hit calls, in a unit of its own. */
#include "call.h"

const struct numbers *numbers_table(void) {
  static struct numbers table;
  for (size_t i = 0; i < NUMBERS; i++)
    table.values[i] = (int64_t)i;
  return &table;
}

int64_t numbers_sum(uint64_t n) {
  uint64_t whole = n / NUMBERS, rest = n % NUMBERS;
  uint64_t sum = whole * (NUMBERS * (NUMBERS - 1) / 2);
  if (rest > 0)
    sum += rest * (rest - 1) / 2;
  return (int64_t)sum;
}

int64_t number_int(const struct numbers *t, uint64_t index) {
  return t->values[index % NUMBERS];
}

struct outcome number_struct(const struct numbers *t, uint64_t index) {
  return (struct outcome){0, t->values[index % NUMBERS]};
}

vt_t number_vt(const struct numbers *t, uint64_t index) {
  return vt_from_int(t->values[index % NUMBERS]);
}

vt_task_t *number_static_task(const struct numbers *t, uint64_t index) {
  return vt_task_from_int(t->values[index % NUMBERS] % 8);
}

vt_task_t *number_fresh_task(const struct numbers *t, uint64_t index) {
  vt_result_t r = {0, {t->values[index % NUMBERS]}};
  return vt_task_from_result(r);
}
