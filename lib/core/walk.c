/* SPDX-License-Identifier: MIT */
/* What a loop still has: vt_loop_walk, the counters, and the last look before a
 * detach. Slots are enumerable: slabs are listed, and a block's phase stands at
 * a fixed offset. */
#include "core/walk.h"

#include <stdio.h>

#include "core/handles.h"
#include "core/loop.h"
#include "core/own.h"
#include "core/report.h"

struct walk {
  vt_loop_t *loop;
  vt_loop_walk_fn *fn;
  void *arg;
  uint64_t left;
};

/* A delay's aux is its slot in the heap, and its length tells the age. */
static uint64_t age_of(const struct walk *walk, const vt_op_t *block) {
  const struct vt__own_ops *own = block->source.ops->own;
  if (own->age_ms)
    return own->age_ms(block);
  return (uint32_t)vt__loop_now(walk->loop) - block->aux;
}

/* A result that another operation keeps for its own: it is told of as that. */
static bool is_kept(const vt_op_t *block) {
  return block->phase == VT__DONE && block->flags & VT__KEPT;
}

static void show(void *arg, vt_op_t *block) {
  struct walk *walk = arg;
  char subject[256] = "";
  const vt_source_t *about = vt__report_about(block);
  const vt_source_ops_t *ops = about->ops;
  const vt_loop_site_t *site =
      vt__sites_at(&walk->loop->sites, vt__pool_site(block));
  if (block->phase == VT__ORPHAN || is_kept(block))
    return;
  if (ops->describe)
    ops->describe(about, subject, sizeof subject);
  vt_loop_entry_t entry = {
      .kind = ops->kind,
      .subject = subject,
      .age_ms = age_of(walk, block),
      .completed = block->phase == VT__DONE,
      .awaited = block->phase == VT__AWAITED || block->phase == VT__QUEUED,
      .file = site ? site->file : NULL,
      .line = site ? site->line : 0,
  };
  walk->fn(walk->arg, &entry);
}

void vt_loop_walk(vt_loop_t *loop, vt_loop_walk_fn *fn, void *arg) {
  struct walk walk = {loop, fn, arg, 0};
  if (loop && fn)
    vt__pool_walk(&loop->pool, show, &walk);
}

static void report_left(void *arg, vt_op_t *block) {
  struct walk *walk = arg;
  if (block->phase == VT__DONE && !(block->flags & VT__HELD))
    return;
  walk->left++;
  vt__report_block(walk->loop, VT_REPORT_LEFT, block, 0);
}

/* What another loop handed over and has not run yet. */
static void report_foreign(struct walk *walk) {
  for (const vt_op_t *at = walk->loop->ready.head; at; at = at->link) {
    vt_report_t report = {.kind = VT_REPORT_LEFT,
                          .what = at->source.ops->kind,
                          .subject = ""};
    if (vt__slab_of(at)->loop == walk->loop)
      continue;
    walk->left++;
    vt__report(&report);
  }
}

/* A handle whose object would outlive the loop; one that somebody waits for is
 * told of by that operation. */
static void report_handle(struct walk *walk, const vt__handle_t *handle) {
  char subject[256] = "";
  vt_report_t report = {.kind = VT_REPORT_LEFT,
                        .what = handle->kind->name,
                        .subject = subject};
  if (handle->kind->describe)
    handle->kind->describe(handle, subject, sizeof subject);
  walk->left++;
  vt__report(&report);
}

static void report_handles(struct walk *walk) {
  const vt__table_t *handles = &walk->loop->handles;
  for (size_t i = 0; i < handles->capacity; i++) {
    const vt__handle_t *handle = handles->slots[i].value;
    if (handle && handle->kind->name && !handle->closers)
      report_handle(walk, handle);
  }
}

bool vt__walk_left(vt_loop_t *loop) {
  struct walk walk = {loop, NULL, NULL, 0};
  vt__pool_walk(&loop->pool, report_left, &walk);
  report_foreign(&walk);
  report_handles(&walk);
  return walk.left != 0;
}

static void drop_untaken(void *arg, vt_op_t *block) {
  struct walk *walk = arg;
  if (is_kept(block))
    return;
  vt__report_untaken(walk->loop, block);
  block->source.ops->own->drop(block);
}

void vt__walk_untaken(vt_loop_t *loop) {
  struct walk walk = {loop, NULL, NULL, 0};
  vt__pool_walk(&loop->pool, drop_untaken, &walk);
}

static uint64_t queue_length(const vt__queue_t *queue) {
  uint64_t length = 0;
  for (const vt_op_t *at = queue->head; at; at = at->link)
    length++;
  return length;
}

struct census {
  uint64_t live;
  uint64_t kept; /* of them */
};

static void count(void *arg, vt_op_t *block) {
  struct census *census = arg;
  census->live++;
  census->kept += is_kept(block);
}

void vt_loop_stats(const vt_loop_t *loop, vt_loop_stats_t *out) {
  struct census census = {0};
  vt_loop_stats_t none = {0};
  *out = none;
  if (!loop)
    return;
  vt__pool_walk(&((vt_loop_t *)(uintptr_t)loop)->pool, count, &census);
  out->pending = census.live - loop->untaken;
  out->untaken = loop->untaken - census.kept;
  out->pooled = loop->pool.carved - census.live;
  out->allocated = loop->pool.bytes;
  out->continuations = loop->ran;
  out->queued = queue_length(&loop->ready);
  out->misuse = loop->misuse;
  out->reports = loop->reports;
}
