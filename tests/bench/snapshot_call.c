/* SPDX-License-Identifier: MIT */
/* A pointer that somebody keeps, in a unit of its own. */
#include "snapshot_hit.h"

const uint64_t *snapshot_call(void) {
  static const uint64_t value = SNAPSHOT_VALUE;
  static const uint64_t *volatile kept = &value;
  return kept;
}
