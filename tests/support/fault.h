/* SPDX-License-Identifier: MIT */
/* Faults of memory: an allocator under the library's one door that refuses the
 * n-th call, once or from there on, and a walk that refuses each call of a
 * scenario in turn. New memory is filled with rubbish. */
#ifndef VT_TEST_FAULT_H
#define VT_TEST_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fault_mode {
  FAULT_ONCE, /* the n-th call fails, the others do not */
  FAULT_FROM  /* the n-th call fails, and every one after it */
};

/* Puts the allocator under the library; before the first loop is attached. The
 * status of vt_replace_allocator. */
int fault_install(void);

/* Counts from now on: call number n, 1 the next, fails. n 0: none fails. */
void fault_arm(uint64_t n, enum fault_mode mode);

/* No call fails any more. */
void fault_disarm(void);

/* Calls refused since fault_arm. */
uint64_t fault_hits(void);

/* Calls asked for since fault_arm, refused or not. */
uint64_t fault_calls(void);

/* Allocations alive in this allocator: counted by itself. */
uint64_t fault_alive(void);

/* One run of a scenario. It arms with what it is given, where its own set-up is
 * over, and disarms before it tears down. Answers NULL, or what went wrong. */
typedef const char *fault_scenario_fn(uint64_t n, enum fault_mode mode);

/* Runs the scenario with n 1, 2, 3 ... until a run refuses nothing, for both
 * modes. NULL, or a text that names n, the mode and what went wrong. */
const char *fault_walk(fault_scenario_fn *scenario);

#endif
