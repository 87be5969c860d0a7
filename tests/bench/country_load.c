/* SPDX-License-Identifier: MIT */
/* The countries of country_hit: imported into a database of their own, loaded
 * once. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <countries/country_db.h>

#include "country_hit.h"
#include "uv_loop.h"

static struct country_bench opened;

/* Through the value task, as a user does it. */
static int load(struct bench_uv *l, const char *db) {
  int rc = countries_open(db, &opened.countries);
  if (rc != 0)
    return rc;
  vt_result_t r = vt_loop_run(l->vt, get_countries(opened.countries));
  if (r.status != 0 || country_dict_count(country_dict_value(r)) == 0) {
    countries_close(opened.countries);
    return -1;
  }
  opened.dict = countries_retain(country_dict_value(r));
  const country_t *rows = country_dict_rows(opened.dict);
  for (size_t i = 0; i < CODES; i++)
    opened.codes[i] = rows[i % country_dict_count(opened.dict)].numeric;
  return 0;
}

static int import_and_load(struct bench_uv *l) {
  char folder[] = "/tmp/vt-bench-XXXXXX", db[64], error[COUNTRY_DB_ERROR_SIZE];
  if (!mkdtemp(folder))
    return -1;
  snprintf(db, sizeof db, "%s/countries.db", folder);
  int rc = country_db_import(db, BENCH_COUNTRIES, error, sizeof error);
  if (rc != 0)
    fprintf(stderr, "vt_bench: %s\n", error);
  else
    rc = load(l, db);
  unlink(db);
  rmdir(folder);
  return rc;
}

const struct country_bench *country_bench_open(void) {
  struct bench_uv *l = bench_uv_shared();
  if (l && !opened.dict && import_and_load(l) != 0)
    return NULL;
  return l ? &opened : NULL;
}

void country_bench_close(void) {
  if (opened.dict) {
    countries_release(opened.dict);
    countries_close(opened.countries);
    opened.dict = NULL;
  }
  bench_uv_shared_close();
}

static int64_t sum_of_first(const struct country_bench *c, uint64_t n) {
  int64_t sum = 0;
  for (uint64_t i = 0; i < n; i++)
    sum += c->codes[i];
  return sum;
}

int64_t country_bench_sum(const struct country_bench *c, uint64_t n) {
  return (int64_t)(n / CODES) * sum_of_first(c, CODES) +
         sum_of_first(c, n % CODES);
}
