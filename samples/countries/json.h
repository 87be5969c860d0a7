/* SPDX-License-Identifier: MIT */
/* JSON strings. */
#ifndef JSON_H
#define JSON_H

#include <stddef.h>

/* Writes bytes at out, if there is an out, and says how many. */
size_t json_put(char *out, const char *bytes, size_t size);

/* Writes s as a JSON string at out, if there is an out, and says how many bytes
 * it has, quotes included. What is not UTF-8 becomes U+FFFD. */
size_t json_string(char *out, const char *s);

#endif
