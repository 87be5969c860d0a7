/* SPDX-License-Identifier: MIT */
/* One option: what it is called, what it may be, and where it goes. */
#ifndef OPTION_VALUE_H
#define OPTION_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_type {
  OPTION_TEXT,   /* not empty; to a const char * */
  OPTION_NUMBER, /* decimal; this and the next three: to a whole number */
  OPTION_SIZE,   /* bytes; k, m and g at its end are powers of 1024 */
  OPTION_TIME,   /* seconds, or with ms, s, m or h; to milliseconds */
  OPTION_MODE,   /* of a file, octal */
  OPTION_CHOICE, /* one of two words; to a bool, true for the second */
};

struct option {
  const char *name;
  const char *argument; /* what stands for it in the help; a choice: a|b */
  const char *help;
  const char *standard; /* the value if it is not given, or NULL: none */
  enum option_type type;
  size_t offset, size; /* of the place in struct options */
  uint64_t min, max;   /* of a whole number, as it is stored */
};

/* Writes text as a value into to, the place of the option. False when it is
 * none, or out of the range. */
bool option_set(const struct option *o, const char *text, void *to);

/* Says in out (size bytes) what a value must be: "a number from 0 to 9". */
void option_describe(const struct option *o, char *out, size_t size);

#endif
