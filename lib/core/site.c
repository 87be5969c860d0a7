/* SPDX-License-Identifier: MIT */
/* Lines of source under VT_DEBUG: a user's macro announces a line, the next
 * block made on the thread takes it; awaits are counted by line. Without memory
 * a line is not counted; nothing else fails. */
#include "vt/site.h"

#include <string.h>

#include "base/alloc.h"
#include "core/loop.h"
#include "core/site.h"
#include "core/use.h"

static VT_TLS _Thread_local const char *site_file;
static VT_TLS _Thread_local unsigned site_line;
static VT_TLS _Thread_local const char *awaited_file;
static VT_TLS _Thread_local unsigned awaited_line;

void vt__site_made(const char *file, unsigned line) {
  site_file = file;
  site_line = line;
  if (vt__current)
    vt__current->pool.unusual |= VT__ANNOUNCED;
}

const vt_t *vt__site_operands(const vt_t *v, const char *file, unsigned line) {
  vt__site_made(file, line);
  return v;
}

void vt__site_take(const char **out_file, unsigned *out_line) {
  *out_file = site_file;
  *out_line = site_file ? site_line : 0;
  site_file = NULL;
  if (vt__current)
    vt__current->pool.unusual &= ~VT__ANNOUNCED;
}

void vt__site_made_by_await(void) {
  if (awaited_file)
    vt__site_made(awaited_file, awaited_line);
}

void vt__site_none(void) {
  site_file = NULL;
  if (vt__current)
    vt__current->pool.unusual &= ~VT__ANNOUNCED;
}

void vt__pool_note_site(vt_op_t *block) {
  const char *file;
  unsigned line;
  vt__site_take(&file, &line);
  uint32_t number =
      vt__sites_number(&vt__slab_of(block)->loop->sites, file, line);
  uint32_t *slot = vt__pool_site_slot(block);
  if (slot)
    *slot = number;
  vt__use_begin(block, number);
}

vt_t vt__site_await(vt_t v, const char *file, unsigned line) {
  vt_loop_t *loop = vt__current;
  awaited_file = file;
  awaited_line = line;
  site_file = NULL;
  if (!loop)
    return v;
  loop->pool.unusual &= ~VT__ANNOUNCED;
  uint32_t number = vt__sites_number(&loop->sites, file, line);
  if (number == 0)
    return v;
  bool waits = !vt_is_completed(v);
  vt_loop_site_t *site = &loop->sites.sites[number - 1];
  if (waits)
    site->waited++;
  else
    site->in_hand++;
  vt__use_await(loop, v, number);
  if (waits) /* who waits is made here */
    vt__site_made(file, line);
  return v;
}

vt_t vt__site_taken(vt_t v, const char *file, unsigned line) {
  vt_loop_t *loop = vt__current;
  uint32_t number = loop ? vt__sites_number(&loop->sites, file, line) : 0;
  if (number != 0)
    vt__use_take(loop, v, number);
  return v;
}

/* ---- the table ---- */

static uint32_t hash(const char *file, unsigned line) {
  uint64_t h =
      ((uint64_t)(uintptr_t)file ^ line) * UINT64_C(0x9e3779b97f4a7c15);
  return (uint32_t)(h >> 32);
}

/* The bucket that holds the line's number, or the free one where it belongs. */
static uint32_t *bucket_of(const vt__sites_t *table, const char *file,
                           unsigned line) {
  uint32_t mask = table->capacity * 2 - 1;
  uint32_t at = hash(file, line) & mask;
  while (table->buckets[at] != 0) {
    const vt_loop_site_t *site = &table->sites[table->buckets[at] - 1];
    if (site->file == file && site->line == line)
      break;
    at = (at + 1) & mask;
  }
  return &table->buckets[at];
}

static bool grow(vt__sites_t *table) {
  uint32_t capacity = table->capacity ? table->capacity * 2 : 64;
  vt_loop_site_t *sites = vt__realloc(table->sites, capacity * sizeof *sites);
  if (!sites)
    return false;
  table->sites = sites;
  uint32_t *buckets = vt__calloc(capacity * 2, sizeof *buckets);
  if (!buckets)
    return false;
  vt__free(table->buckets);
  table->buckets = buckets;
  table->capacity = capacity;
  for (uint32_t i = 0; i < table->count; i++)
    *bucket_of(table, sites[i].file, sites[i].line) = i + 1;
  return true;
}

uint32_t vt__sites_number(vt__sites_t *table, const char *file, unsigned line) {
  uint32_t *bucket = NULL;
  if (table->capacity != 0)
    bucket = bucket_of(table, file, line);
  if (bucket && *bucket != 0)
    return *bucket;
  if (table->count == table->capacity) {
    if (!grow(table))
      return 0;
    bucket = bucket_of(table, file, line);
  }
  vt_loop_site_t site = {file, line, 0, 0};
  table->sites[table->count++] = site;
  *bucket = table->count;
  return table->count;
}

const vt_loop_site_t *vt__sites_at(const vt__sites_t *table, uint32_t number) {
  return number == 0 ? NULL : &table->sites[number - 1];
}

void vt__sites_close(vt__sites_t *table) {
  vt__free(table->sites);
  vt__free(table->buckets);
}

void vt_loop_report_sites(vt_loop_t *loop, vt_loop_site_fn *fn, void *arg) {
  for (uint32_t i = 0; loop && fn && i < loop->sites.count; i++)
    if (loop->sites.sites[i].in_hand + loop->sites.sites[i].waited != 0)
      fn(arg, &loop->sites.sites[i]);
}
