/* SPDX-License-Identifier: MIT */
/* A search: the countries that match a text, with the fields that were asked
 * for. Walked twice in small steps, to measure and to write: so the size is
 * known before the first byte goes, and no more of the answer is in memory than
 * is on its way. */
#ifndef HTTP_SEARCH_H
#define HTTP_SEARCH_H

#include "http_snapshot.h"
#include "reply.h"

#define HTTP_NEEDLE_MAX 64u

struct http_search {
  struct http_snapshot *snapshot; /* retained */
  char needle[HTTP_NEEDLE_MAX];   /* in lower case; "" matches all */
  unsigned char fields[HTTP_COUNTRY_FIELDS];
  size_t field_count;
  size_t next;    /* row to look at */
  size_t longest; /* of the objects */
  uint64_t size;  /* of the whole answer, once it is measured */
  bool writing;
  bool some;   /* were written */
  char *piece; /* an object, while writing */
};

/* Reads q and fields of a query. Gives *out (http_search_free). Retains the
 * snapshot. UV_EINVAL for a query that is refused, UV_ENOMEM. */
int http_search_new(struct http_snapshot *snapshot, struct http_text query,
                    struct http_search **out);

void http_search_free(struct http_search *s);

/* Looks at so many rows more; false when all have been. */
bool http_search_measure(struct http_search *s, size_t rows);

/* From now on it writes. UV_ENOMEM. */
int http_search_rewind(struct http_search *s);

/* Adds what matches among so many rows more; false when it has added the end.
 * */
bool http_search_write(struct http_search *s, struct reply *out, size_t rows);

#endif
