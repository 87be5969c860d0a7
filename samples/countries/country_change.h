/* SPDX-License-Identifier: MIT */
/* What is asked of a store of countries, and what a country must be like.
 * Private to samples/countries but for struct country_change. */
#ifndef COUNTRY_CHANGE_H
#define COUNTRY_CHANGE_H

#include <stdbool.h>
#include <stddef.h>

#include "country_dict.h"

/* A new country, or new texts for one that is there, in the order of
 * country_dict.h; NULL leaves a text as it is, and is "" in a new country. */
struct country_change {
  int numeric;
  const char *texts[COUNTRY_TEXTS];
};

/* Where in the texts what is. */
enum { COUNTRY_ALPHA_2, COUNTRY_ALPHA_3, COUNTRY_NAME };

/* What is wrong with a change, or NULL: a number below 1, a code that is not
 * two (alpha_2) or three (alpha_3) upper-case letters (it may be empty), an
 * empty name, text that is not UTF-8. */
const char *country_change_check(const struct country_change *change);

enum country_act {
  COUNTRY_LOAD,
  COUNTRY_CHECK,
  COUNTRY_IMPORT,
  COUNTRY_WRITE,
  COUNTRY_REMOVE
};

/* One thing to do. What it does not need is zero. */
struct country_request {
  enum country_act act;
  struct country_change change; /* COUNTRY_WRITE */
  const int *numerics;          /* COUNTRY_REMOVE, count of them */
  size_t count;
  const char *csv_path; /* COUNTRY_IMPORT */
};

/* Copies a request and all that it points to into one block; gives it (free),
 * or NULL without memory. */
struct country_request *
country_request_copy(const struct country_request *request);

#endif
