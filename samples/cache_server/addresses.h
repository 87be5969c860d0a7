/* SPDX-License-Identifier: MIT */
/* How many connections each address has, over all loops. An address of IPv6
 * stands for its network of 64 bits, which is what one host may have. */
#ifndef ADDRESSES_H
#define ADDRESSES_H

#include <stdbool.h>
#include <stdint.h>
#include <vt.h>

#define ADDRESSES_BUCKETS 1024

struct address {
  struct address *next;
  uint64_t key;
  uint64_t count;
};

struct addresses {
  uv_mutex_t lock;
  uint64_t seed;
  struct address *buckets[ADDRESSES_BUCKETS];
};

/* Begins empty. UV_ENOMEM. */
int addresses_init(struct addresses *a);

/* Frees what is left. */
void addresses_close(struct addresses *a);

/* Counts one more connection of the address; gives its entry in *out
 * (addresses_leave). UV_EBUSY when it has most already: *out is its entry all
 * the same, to be compared and not left. UV_ENOMEM; UV_EINVAL for what is no
 * address of IP. Any thread. */
int addresses_enter(struct addresses *a, const struct sockaddr *address,
                    uint64_t most, struct address **out);

/* One connection less. NULL is accepted. Any thread. */
void addresses_leave(struct addresses *a, struct address *entry);

#endif
