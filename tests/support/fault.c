/* SPDX-License-Identifier: MIT */
/* Faults of memory. Any thread may allocate, so all is atomic; one thread arms.
 */
#include "support/fault.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vt.h>

/* No scenario asks for as many blocks: a walk that gets here does not end. */
#define FAULT_MOST 20000

static atomic_uint_fast64_t calls;
static atomic_uint_fast64_t hits;
static atomic_uint_fast64_t alive;
static atomic_uint_fast64_t first; /* the call that fails; 0: none */
static atomic_bool from_there_on;

static bool refuse(void) {
  uint64_t call = atomic_fetch_add(&calls, 1) + 1;
  uint64_t n = atomic_load(&first);
  if (n == 0 || call < n || (call > n && !atomic_load(&from_there_on)))
    return false;
  atomic_fetch_add(&hits, 1);
  return true;
}

static void *fault_malloc(size_t size) {
  void *p = refuse() ? NULL : malloc(size);
  if (!p)
    return NULL;
  memset(p, 0xa5, size);
  atomic_fetch_add(&alive, 1);
  return p;
}

static void *fault_realloc(void *ptr, size_t size) {
  void *p = refuse() ? NULL : realloc(ptr, size);
  if (p && !ptr)
    atomic_fetch_add(&alive, 1);
  return p;
}

static void *fault_calloc(size_t count, size_t size) {
  void *p = refuse() ? NULL : calloc(count, size);
  if (p)
    atomic_fetch_add(&alive, 1);
  return p;
}

static void fault_free(void *ptr) {
  if (ptr)
    atomic_fetch_sub(&alive, 1);
  free(ptr);
}

int fault_install(void) {
  return vt_replace_allocator(fault_malloc, fault_realloc, fault_calloc,
                              fault_free);
}

void fault_arm(uint64_t n, enum fault_mode mode) {
  atomic_store(&calls, 0);
  atomic_store(&hits, 0);
  atomic_store(&from_there_on, mode == FAULT_FROM);
  atomic_store(&first, n);
}

void fault_disarm(void) { atomic_store(&first, 0); }

uint64_t fault_hits(void) { return atomic_load(&hits); }

uint64_t fault_calls(void) { return atomic_load(&calls); }

uint64_t fault_alive(void) { return atomic_load(&alive); }

static const char *walk_mode(fault_scenario_fn *scenario,
                             enum fault_mode mode) {
  static char text[512];
  for (uint64_t n = 1; n <= FAULT_MOST; n++) {
    const char *problem = scenario(n, mode);
    if (problem) {
      snprintf(text, sizeof text, "allocation %llu fails%s: %s",
               (unsigned long long)n,
               mode == FAULT_FROM ? " and all after" : "", problem);
      return text;
    }
    if (fault_hits() == 0)
      return NULL;
  }
  return "the walk did not end";
}

const char *fault_walk(fault_scenario_fn *scenario) {
  const char *problem = walk_mode(scenario, FAULT_ONCE);
  return problem ? problem : walk_mode(scenario, FAULT_FROM);
}
