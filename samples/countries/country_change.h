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

/* What must be so in the database for a write to be done. */
enum country_when { COUNTRY_ALWAYS, COUNTRY_IF_NEW, COUNTRY_IF_THERE };

/* What a write found, in the transaction that it did, or would have done, its
 * work in. Counted (<vt/counted.h>), as who asked may go before the write is
 * over; read it when that is told. */
struct country_found {
  bool done;      /* false: it was not as it must be, nothing has changed */
  bool was_there; /* the country, and then its name: */
  char *name;
};

/* Gives one that says nothing yet (vt_counted_release), or NULL without
 * memory. */
struct country_found *country_found_new(void);

/* Says that the country is there; copies its name, NULL counts as "".
 * UV_ENOMEM. */
int country_found_name(struct country_found *found, const char *name);

/* Whether what is there lets a write be done; told to found, which may be
 * NULL. */
bool country_found_lets(struct country_found *found, enum country_when when,
                        bool is_there);

/* What is wrong with a change, or NULL: a number below 1, a code that is not
 * two (alpha_2) or three (alpha_3) upper-case letters (it may be empty), an
 * empty name, text that is not UTF-8. */
const char *country_change_check(const struct country_change *change);

enum country_act {
  COUNTRY_LOAD,
  COUNTRY_CHECK,
  COUNTRY_LOOK, /* where a store cannot watch */
  COUNTRY_IMPORT,
  COUNTRY_WRITE,
  COUNTRY_REMOVE
};

/* One thing to do. What it does not need is zero. */
struct country_request {
  enum country_act act;
  struct country_change change; /* COUNTRY_WRITE */
  enum country_when when;
  struct country_found *found;  /* NULL: nobody asked; a copy retains it */
  const int *numerics;          /* COUNTRY_REMOVE, count of them */
  size_t count;
  const char *csv_path; /* COUNTRY_IMPORT */
};

/* Copies a request and all that it points to into one block; gives it
 * (country_request_free), or NULL without memory. */
struct country_request *
country_request_copy(const struct country_request *request);

/* NULL is accepted. */
void country_request_free(struct country_request *request);

#endif
