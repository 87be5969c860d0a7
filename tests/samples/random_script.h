/* SPDX-License-Identifier: MIT */
/* Scripts of requests, made from a seed: good ones, spoiled ones, garbage. */
#ifndef VT_TEST_RANDOM_SCRIPT_H
#define VT_TEST_RANDOM_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCRIPT_MAX 4096

/* What the keys are to the oracle: one thing at a time, where the server under
 * test has both. */
enum script_kind { SCRIPT_STRINGS, SCRIPT_HASHES };

struct script {
  char data[SCRIPT_MAX];
  size_t size;
  uint64_t state; /* of the numbers */
};

/* Makes the script of a seed. */
void script_make(struct script *s, uint64_t seed, enum script_kind kind);

/* The commands of a kind, one after the other; NULL behind the last. */
const char *script_command(enum script_kind kind, size_t i);

#endif
