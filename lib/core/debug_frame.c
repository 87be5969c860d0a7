/* SPDX-License-Identifier: MIT */
/* Frames under VT_DEBUG: a body runs in a fresh heap block, copied from the
 * stack or from its box at each entry, moved again after every await, and freed
 * when it leaves, so that sanitizers and valgrind name the line that keeps a
 * pointer into a frame. Without memory a frame stays where it is.
 *
 * The blocks of the bodies now on the stack form a list of the thread, by which
 * a frame that could not be moved is known. */
#include <stdlib.h>

#include "base/alloc.h"
#include "core/frame.h"
#include "core/loop.h"
#include "core/site.h"
#include "vt/async.h"
#include "vt/site.h"

typedef struct debug_block {
  struct debug_block *outer;
  void *home; /* the frame in its box; NULL when it began on the stack */
  struct vt__box_tail tail;
  /* the frame follows, aligned as in a box */
} debug_block_t;

static VT_TLS _Thread_local debug_block_t *innermost;

static debug_block_t *block_of(const void *frame) {
  debug_block_t *block = innermost;
  while (block && (const void *)(block + 1) != frame)
    block = block->outer;
  return block;
}

static debug_block_t *block_new(const void *frame, size_t size) {
  debug_block_t *block = vt__malloc(sizeof *block + size);
  if (!block)
    return NULL;
  memcpy(block + 1, frame, size);
  return block;
}

void *vt__debug_enter(void *frame, size_t size) {
  bool boxed = ((vt_frame_t *)frame)->state != VT__BEGIN;
  debug_block_t *block =
      boxed && vt__frame_is_pinned(frame) ? NULL : block_new(frame, size);
  if (!block)
    return frame;
  block->home = boxed ? frame : NULL;
  if (boxed)
    block->tail = ((struct vt__box_tail *)frame)[-1];
  block->outer = innermost;
  innermost = block;
  return block + 1;
}

void *vt__debug_move(void *frame, size_t size) {
  debug_block_t *old = block_of(frame);
  debug_block_t *block = old ? block_new(frame, size) : NULL;
  if (!block)
    return frame;
  block->home = old->home;
  block->tail = old->tail;
  block->outer = old->outer;
  for (debug_block_t **at = &innermost; *at; at = &(*at)->outer)
    if (*at == old) {
      *at = block;
      break;
    }
  vt__free(old);
  return block + 1;
}

vt_t vt__debug_suspend(void *frame, size_t size, bool boxed, vt_t v) {
  debug_block_t *block = block_of(frame);
  void *unmoved = boxed ? frame : NULL;
  vt__site_made_by_await();
  v = vt__suspend(block ? block->home : unmoved, size, v);
  vt__site_none();
  if (vt__is_pending(v) && vt__boxed(v) != frame)
    memcpy(vt__boxed(v), frame, size);
  return v;
}

void vt__debug_exit(void *frame) {
  debug_block_t *block = block_of(frame);
  vt__site_none();
  if (!block)
    return;
  for (debug_block_t **at = &innermost; *at; at = &(*at)->outer)
    if (*at == block) {
      *at = block->outer;
      break;
    }
  vt__free(block);
}
