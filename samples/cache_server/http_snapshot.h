/* SPDX-License-Identifier: MIT */
/* A dictionary as HTTP gives it: one JSON text, made once, of which every
 * answer is a part. */
#ifndef HTTP_SNAPSHOT_H
#define HTTP_SNAPSHOT_H

#include "countries/countries.h"
#include "http_text.h"

/* Read-only. Counted; all on one thread. */
struct http_snapshot {
  size_t references;
  const struct country_dict *dict; /* retained */
  const char *json;                /* [{...},{...}] */
  size_t size;
  const size_t *starts; /* of each object in json; one more: the end */
  char etag[20];        /* with its quotes; of the contents */
  char fields[160];     /* of the head, of every answer of it */
  size_t fields_size;
};

/* The parts of an object, in their order. */
#define HTTP_COUNTRY_FIELDS 6u
extern const char *const http_country_fields[HTTP_COUNTRY_FIELDS];

/* Makes one, with one reference, which it gives (http_snapshot_release).
 * Retains dict. UV_ENOMEM. */
int http_snapshot_new(const struct country_dict *dict,
                      struct http_snapshot **out);

/* Adds a reference; returns the snapshot. */
struct http_snapshot *http_snapshot_retain(struct http_snapshot *s);

/* Drops one. NULL is accepted. */
void http_snapshot_release(struct http_snapshot *s);

/* The object of row i. Borrows from the snapshot. */
struct http_text http_snapshot_row(const struct http_snapshot *s, size_t i);

/* Writes the object of a country with count fields of which, in that order, at
 * out, if there is an out, and says how many bytes it has. */
size_t http_country_put(char *out, const country_t *country,
                        const unsigned char *which, size_t count);

/* True when an If-None-Match names the snapshot's etag, or is "*". */
bool http_snapshot_matches(const struct http_snapshot *s,
                           struct http_text if_none_match);

#endif
