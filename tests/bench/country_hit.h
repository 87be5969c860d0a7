/* SPDX-License-Identifier: MIT */
/* country_hit: the countries, loaded, and the codes that are asked for. */
#ifndef BENCH_COUNTRY_HIT_H
#define BENCH_COUNTRY_HIT_H

#include <countries/countries.h>

#define CODES 256u

struct country_bench {
  countries_t *countries;
  const struct country_dict *dict;
  int codes[CODES]; /* of countries that are there, over and over */
};

/* Loaded by the first call, from a database of its own; NULL on failure. */
const struct country_bench *country_bench_open(void);
void country_bench_close(void);

/* What n look-ups of the codes in turn add up to. */
int64_t country_bench_sum(const struct country_bench *c, uint64_t n);

/* The look-up as a plain function, in a unit of its own. */
const country_t *country_call(const struct country_dict *dict, int numeric);

#endif
