/* SPDX-License-Identifier: MIT */
/* Redis' patterns of keys: * ? [abc] [^a-c] and \ before anything. */
#ifndef GLOB_H
#define GLOB_H

#include <stdbool.h>
#include <stddef.h>

/* True when all of text matches the pattern. At most text times pattern
 * steps. */
bool glob_match(const char *pattern, size_t pattern_size, const char *text,
                size_t text_size);

#endif
