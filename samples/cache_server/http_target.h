/* SPDX-License-Identifier: MIT */
/* What a request asks for: a path and a query, normalised once. A path that
 * could mean two things is refused, not repaired. */
#ifndef HTTP_TARGET_H
#define HTTP_TARGET_H

#include "http_text.h"

struct http_target {
  struct http_text path;  /* decoded; begins with a slash */
  struct http_text query; /* as it came, without the question mark */
};

/* Reads size bytes at target, where it decodes in place: the texts lie there,
 * and one more byte must be readable. Origin form, or absolute with http.
 * False for what is refused: wrong escapes, what is not UTF-8, control bytes,
 * an escaped slash, a backslash, empty segments, "." and "..". */
bool http_target_read(struct http_target *out, char *target, size_t size);

/* Finds name among the query's parameters, which must not have it twice, and
 * decodes its value to out, size bytes, with a zero. The size of the value; -1
 * when it is not there; -2 when it is twice, longer than that, or cannot be
 * decoded. */
int http_query_get(struct http_text query, const char *name, char *out,
                   size_t size);

/* True for a name or an address with a port perhaps, as Host has it. */
bool http_is_authority(struct http_text t);

#endif
