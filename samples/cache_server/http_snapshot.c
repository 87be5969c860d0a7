/* SPDX-License-Identifier: MIT */
/* Makes the JSON text of a dictionary: measured, then written. */
#include "http_snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "countries/json.h"

const char *const http_country_fields[HTTP_COUNTRY_FIELDS] = {
    "numeric", "alpha_2", "alpha_3", "name", "official_name", "flag"};

static const char *text_of(const country_t *country, unsigned field) {
  const char *const texts[COUNTRY_TEXTS] = {
      country->alpha_2, country->alpha_3, country->name, country->official_name,
      country->flag};
  return texts[field - 1];
}

static char *behind(char *out, size_t size) { return out ? out + size : NULL; }

size_t http_country_put(char *out, const country_t *country,
                        const unsigned char *which, size_t count) {
  size_t size = 0;
  for (size_t i = 0; i < count; i++) {
    size += json_put(behind(out, size), i == 0 ? "{" : ",", 1);
    size += json_string(behind(out, size), http_country_fields[which[i]]);
    size += json_put(behind(out, size), ":", 1);
    if (which[i] > 0) {
      size += json_string(behind(out, size), text_of(country, which[i]));
    } else {
      char text[16];
      int n = snprintf(text, sizeof text, "%d", country->numeric);
      size += json_put(behind(out, size), text, (size_t)n);
    }
  }
  return size + json_put(behind(out, size), "}", 1);
}

/* The whole text, and where its objects begin; or only its size, when out is
 * NULL. */
static size_t put_all(const struct country_dict *dict, char *out,
                      size_t *starts) {
  static const unsigned char all[] = {0, 1, 2, 3, 4, 5};
  const country_t *rows = country_dict_rows(dict);
  size_t count = country_dict_count(dict);
  size_t size = json_put(out, "[", 1);
  for (size_t i = 0; i < count; i++) {
    if (i > 0)
      size += json_put(behind(out, size), ",", 1);
    if (out)
      starts[i] = size;
    size += http_country_put(behind(out, size), &rows[i], all, sizeof all);
  }
  size += json_put(behind(out, size), "]", 1);
  if (out)
    starts[count] = size;
  return size;
}

/* FNV-1a: nobody gains by two dictionaries with one etag. */
static uint64_t hash(const char *data, size_t size) {
  uint64_t h = UINT64_C(14695981039346656037);
  for (size_t i = 0; i < size; i++)
    h = (h ^ (unsigned char)data[i]) * UINT64_C(1099511628211);
  return h;
}

int http_snapshot_new(const struct country_dict *dict,
                      struct http_snapshot **out) {
  size_t starts_size = (country_dict_count(dict) + 1) * sizeof(size_t);
  size_t size = put_all(dict, NULL, NULL);
  struct http_snapshot *s = malloc(sizeof *s + starts_size + size);
  if (!s)
    return UV_ENOMEM;
  size_t *starts = (size_t *)(s + 1);
  char *json = (char *)starts + starts_size;
  put_all(dict, json, starts);
  *s = (struct http_snapshot){.references = 1,
                              .dict = countries_retain(dict),
                              .json = json,
                              .size = size,
                              .starts = starts};
  snprintf(s->etag, sizeof s->etag, "\"%016llx\"",
           (unsigned long long)hash(json, size));
  int n = snprintf(s->fields, sizeof s->fields,
                   "Content-Type: application/json\r\n"
                   "Cache-Control: no-cache\r\n"
                   "ETag: %s\r\n",
                   s->etag);
  s->fields_size = (size_t)n;
  *out = s;
  return 0;
}

struct http_snapshot *http_snapshot_retain(struct http_snapshot *s) {
  s->references++;
  return s;
}

void http_snapshot_release(struct http_snapshot *s) {
  if (!s || --s->references > 0)
    return;
  countries_release(s->dict);
  free(s);
}

struct http_text http_snapshot_row(const struct http_snapshot *s, size_t i) {
  return (struct http_text){s->json + s->starts[i],
                            s->starts[i + 1] - s->starts[i] - 1};
}

/* Weak comparison: W/ in front makes no difference (RFC 9110, 13.1.2). */
bool http_snapshot_matches(const struct http_snapshot *s,
                           struct http_text if_none_match) {
  size_t size = strlen(s->etag);
  struct http_text t = if_none_match;
  if (t.size == 1 && *t.data == '*')
    return true;
  for (; t.size >= size; t.data++, t.size--)
    if (*t.data == '"' && memcmp(t.data, s->etag, size) == 0)
      return true;
  return false;
}
