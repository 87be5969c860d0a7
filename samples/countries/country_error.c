/* SPDX-License-Identifier: MIT */
/* One-line messages for the operator. */
#include "country_error.h"

#include <stdarg.h>
#include <stdio.h>

int country_error_set(const struct country_error *e, int status,
                      const char *format, ...) {
  va_list args;
  if (!e->text || e->size == 0)
    return status;
  int n = snprintf(e->text, e->size, "%s: ", e->path);
  if (n > 0 && (size_t)n < e->size) {
    va_start(args, format);
    vsnprintf(e->text + n, e->size - (size_t)n, format, args);
    va_end(args);
  }
  for (char *c = e->text; *c; c++)
    if ((unsigned char)*c < 0x20 || *c == 0x7f)
      *c = '?';
  return status;
}

void country_error_copy(const struct country_error *e, const char *message) {
  if (e->text && e->size > 0)
    snprintf(e->text, e->size, "%s", message);
}
