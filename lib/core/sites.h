/* SPDX-License-Identifier: MIT */
/* A loop's table of source lines, under VT_DEBUG. */
#ifndef VT_CORE_SITES_H
#define VT_CORE_SITES_H

#include <stddef.h>
#include <stdint.h>

#include "vt/loop.h"

/* Lines by number, from 1; found through an open hash of numbers. */
typedef struct vt__sites {
  vt_loop_site_t *sites;
  uint32_t *buckets;
  uint32_t count;
  uint32_t capacity; /* of sites; buckets has twice as many */
} vt__sites_t;

/* The number of a line, a new one if need be; 0 without memory. */
uint32_t vt__sites_number(vt__sites_t *table, const char *file, unsigned line);

/* The line of a number, or NULL for 0. */
const vt_loop_site_t *vt__sites_at(const vt__sites_t *table, uint32_t number);

void vt__sites_close(vt__sites_t *table);

#endif
