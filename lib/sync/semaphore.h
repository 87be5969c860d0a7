/* SPDX-License-Identifier: MIT */
/* What the mutex and the condition need of a semaphore. */
#ifndef VT_SYNC_SEMAPHORE_H
#define VT_SYNC_SEMAPHORE_H

#include "sync/wait_list.h"
#include "vt/semaphore.h"

/* Opens it for at most so many permits. */
void vt__semaphore_open(vt_semaphore_t *s, uint64_t permits, uint64_t most);

/* Waits for n permits, as acquire where they were not to be had; the rule has
 * the two functions below. */
vt_t vt__semaphore_enlist(vt_semaphore_t *s, uint64_t n,
                          const vt__wait_rule_t *rule);

/* The same for a wait of another list of the same loop, for about.u permits; it
 * completes with its status. */
void vt__semaphore_move(vt_semaphore_t *s, vt__wait_t *wait,
                        const vt__wait_rule_t *rule);

void vt__semaphore_left(vt_wait_list_t *list);
void vt__semaphore_give_back(vt_wait_list_t *list, vt__wait_t *wait);

#endif
