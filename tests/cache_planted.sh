#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# cache_planted.sh SOURCE-DIR BUILD-DIR COMPILER TEST-ARGUMENTS...
# Plants one bug after another in a copy of the cache's table and of its policy,
# and demands that their tests find each. The arguments are what the tests are
# linked with.
set -euo pipefail

folder=lib/cache
random_test=hash
support_file=trace.c
. "$1/tests/support/plant.sh"

# Splitting and joining.
plant hash.c 's/^  \*rest = NULL;//'
plant hash.c 's/^  \*moved = NULL;//'
plant hash.c 's/table->mask = table->mask \* 2 + 1;/;/'
plant hash.c 's/table->mask >>= 1;/;/'
plant hash.c 's/^  \*end = chain;//'
plant hash.c 's/^  return at == VT__HASH_LEAST ||/  return/'
# The pieces and their directory.
plant hash.c 's/memcpy(table->least, buckets, sizeof table->least);//'
plant hash.c 's/memcpy(buckets, table->least, sizeof table->least);//'
plant hash.c 's/wider\[0\] = table->piece;/;/'
plant hash.c 's/vt__free(buckets);//'
plant hash.c 's/vt__free(table->pieces\[i\]);/;/'
# Walks, and the width.
plant hash.c 's/walk->next = node->next;/;/'
plant hash.c 's/if (table->walks)/if (false)/'
plant hash.c 's/table->count < table->buckets .* 8/false/'
plant hash.c 's/STEPS = 8/STEPS = 2/'
plant hash.c 's/^  table->count--;//'

random_test=evict
# The queues.
plant evict.c 's/queue->weight -= node->weight;//'
plant evict.c 's/evict->weight += weight - node->weight;//'
plant evict.c 's/if (node->pins++ == 0)/if (++node->pins == 0)/'
plant evict.c 's/if (--node->pins == 0)/if (--node->pins == 9)/'
plant evict.c 's/node->next->prev = node;//'
plant evict.c 's/node->hits < SMALL_HITS/true/'
plant evict.c 's/look >= LOOKS/false/'
plant evict.c 's/evict->main.ends.next->hits == 0 || must/must/'
plant evict.c 's/evict->main.ends.next->hits == 0)/false)/'
plant evict.c 's/if (evict->second)/if (true)/'
plant evict.c 's/^  node->hits = 0;//'
plant evict.c 's/while (!vt__evict_is_over(evict).*/while (false)/'
# Those that left.
plant evict.c 's/evict->reach = .*/evict->reach = evict->count;/'
plant evict.c 's/set\[i\].stamp > evict/set[i].stamp < evict/'
plant evict.c 's/^    remember(evict, node->print);/;/'
plant evict.c 's/vt__free(evict->ghosts);//'
plant evict.c 's/if (!evict->ghosts)/if (false)/'

echo "$planted bugs planted, each found"
