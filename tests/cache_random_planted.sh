#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# cache_random_planted.sh SOURCE-DIR BUILD-DIR COMPILER TEST-ARGUMENTS...
# Plants one bug after another in a copy of the cache, and demands that the
# random test finds each. The arguments are what the test is linked with.
set -euo pipefail

folder=lib/cache
random_test=cache_random
support_file=cache_model.c
. "$1/tests/support/plant.sh"

# What is borrowed or retained goes too early, or never.
plant cache_entry.c 's/vt__retire(entry->cache->loop, &entry->in.retired, on_retired);/on_retired(\&entry->in.retired);/'
plant cache_entry.c 's/(uintptr_t)value)->refs++;/(uintptr_t)value)->refs += 0;/'
plant cache_entry.c 's/if (--entry->refs != 0)/if (--entry->refs > 1)/'
# Times.
plant cache_entry.c 's/after(entry->fresh, o->stale_ms)/entry->fresh/'
plant cache_entry.c 's/now >= entry->end ||/false ||/'
plant cache_entry.c 's/|| now >= idle_end(cache, entry);/;/'
plant cache_entry.c 's/least(due, idle_end(cache, entry));/due;/'
plant cache_entry.c 's/uint64_t due = least(entry->refresh, entry->fresh);/uint64_t due = entry->fresh;/'
plant cache.c 's/^  entry->used = now;//'
plant cache.c 's/if (now >= entry->refresh)/if (false)/'
# Replacing and evicting.
plant cache_entry.c 's/leave(cache, older, VT_CACHE_REPLACED);/leave(cache, older, VT_CACHE_INVALIDATED);/'
plant cache_entry.c 's/cache->stats.evictions += reason == VT_CACHE_EVICTED;//'
plant cache_entry.c 's/vt__evict_replace(&cache->evict, &older->in.evict, &entry->in.evict,/vt__evict_remove(\&cache->evict, \&older->in.evict); vt__evict_insert(\&cache->evict, \&entry->in.evict, hash,/'
# What is invalidated or put meanwhile is kept, or answers who came later.
plant cache_load.c 's/load->unwanted = true; }/load->unwanted = false; }/'
plant cache_load.c 's/if (load->unwanted || load->cancelled)/if (load->cancelled)/'
plant cache_load.c 's/if (load->unwanted || load->cancelled)/if (load->unwanted)/'
plant cache_load.c 's/bool again = load->unwanted ||/bool again = false ||/'
plant cache_load.c 's/load->unwanted = load->cancelled = load->background = false;/load->cancelled = load->background = false;/'
plant cache_load.c 's/load->unwanted = load->cancelled = load->background = false;/load->unwanted = load->background = false;/'
plant cache_load.c 's/load->unwanted = load->cancelled = load->background = false;/load->unwanted = load->cancelled = false;/'
plant cache_change.c 's/^  disown(cache, &key);//'
plant cache_change.c 's/^  if (load)$/  if (false)/'
plant cache_change.c 's/if (begins_with(cache, node, &prefix))/if (false)/'
# Who waits is told twice, never, or too much.
plant cache_load.c 's/^  vt__wait_list_end(&load->later, r);//'
plant cache_load.c 's/^    vt__wait_list_end(&load->waiters, r);//'
plant cache_load.c 's/waiting >= options->max_waiters/waiting > options->max_waiters/'
plant cache_load.c 's/load->waiters.count + load->later.count;/load->waiters.count;/'
# Cancels.
plant cache_load.c 's/VT_CACHE_CANCEL \&\& !wanted/VT_CACHE_CANCEL/'
plant cache_load.c 's/!load->background \&\& !load->cancelled/!load->cancelled/'
plant cache_load.c 's/(!load->unwanted \&\& !vt__wait_list_is_empty/(!vt__wait_list_is_empty/'
plant cache_load.c 's/!load->background \&\& !load->cancelled)/!load->background)/'
# Failures.
plant cache_load.c 's/if (entry \&\& entry->status == 0)/if (false)/'
plant cache_load.c 's/fail_ms == 0 || status == UV_ECANCELED/fail_ms == 0/'
plant cache_load.c 's/entry->refresh = vt__cache_moment(cache, fail_ms ? fail_ms : PAUSE_MS);/;/'
# One load.
plant cache_load.c 's/^  if (vt__cache_find_load(cache, &key))/  if (false)/'
# The close.
plant cache_entry.c 's/cache->untold--;/;/'

echo "$planted bugs planted, each found"
