/* SPDX-License-Identifier: MIT */
/* Retired things, in two lists. What is retired is young. A turn that finds the
 * queue empty releases both lists. One that does not makes the young ones old
 * where there are no old ones, and counts its turns: when they have waited long
 * enough the old ones go alone, for a young one may be borrowed by the last
 * continuation of this very turn. */
#include "core/retire.h"

/* Nothing is queued, posted or on the stack that may have borrowed anything. */
static bool is_quiet(vt_loop_t *loop) {
  return !loop->turning && loop->depth == 0 && !loop->ready.head &&
         !atomic_load_explicit(&loop->inbox, memory_order_relaxed);
}

static void release_all(vt__retired_t *list) {
  while (list) {
    vt__retired_t *node = list;
    list = node->next;
    node->release(node);
  }
}

/* The list from its first, which was the last to come, in the order in which
 * they came. */
static vt__retired_t *ordered(vt__retired_t *list) {
  vt__retired_t *result = NULL;
  while (list) {
    vt__retired_t *node = list;
    list = node->next;
    node->next = result;
    result = node;
  }
  return result;
}

static vt__retired_t *take(vt__retired_t **list) {
  vt__retired_t *taken = *list;
  *list = NULL;
  return taken;
}

void vt__retire(vt_loop_t *loop, vt__retired_t *node, vt__release_fn *release) {
  node->release = release;
  node->next = loop->retired.young;
  loop->retired.young = node;
  vt__loop_wake(loop);
}

void vt__retire_turn(vt_loop_t *loop) {
  vt__retired_t *young = NULL, *old = NULL;
  if (is_quiet(loop)) {
    young = ordered(take(&loop->retired.young));
    old = take(&loop->retired.old);
  } else if (!loop->retired.old) {
    loop->retired.old = ordered(take(&loop->retired.young));
    loop->retired.turns = 0;
  } else if (!loop->turning && loop->depth == 0 &&
             ++loop->retired.turns >= VT__RETIRE_TURNS) {
    old = take(&loop->retired.old);
  }
  release_all(old);
  release_all(young);
}

void vt__retire_close(vt_loop_t *loop) {
  while (loop->retired.young || loop->retired.old) {
    release_all(take(&loop->retired.old));
    release_all(ordered(take(&loop->retired.young)));
  }
}
