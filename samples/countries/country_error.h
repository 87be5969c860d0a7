/* SPDX-License-Identifier: MIT */
/* One-line messages for the operator. Private to samples/countries. */
#ifndef COUNTRY_ERROR_H
#define COUNTRY_ERROR_H

#include <stddef.h>

/* Enough for every message with a long path. */
#define COUNTRY_ERROR_SIZE 1024

/* Where a message goes, and what it is about. text NULL: nobody asked. */
struct country_error {
  char *text;
  size_t size;
  const char *path;
};

/* Writes "PATH: " and the message as one line, control bytes as '?'. Returns
 * status. */
int country_error_set(const struct country_error *e, int status,
                      const char *format, ...);

/* The same for a message that names what it is about: a copy, cut to fit. */
void country_error_copy(const struct country_error *e, const char *message);

#endif
