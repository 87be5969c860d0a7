/* SPDX-License-Identifier: MIT */
/* A chained table under a lock that is held for a look-up. Its order depends on
 * a random seed: who may choose addresses must not choose the chain. */
#include "addresses.h"

#include <stdlib.h>
#include <string.h>

/* An IPv4 address is told from networks of IPv6, none of which begins so. */
#define IPV4 ((uint64_t)0xffff << 48)

int addresses_init(struct addresses *a) {
  *a = (struct addresses){0};
  if (uv_random(NULL, NULL, &a->seed, sizeof a->seed, 0, NULL) != 0)
    a->seed = uv_hrtime();
  return uv_mutex_init(&a->lock);
}

void addresses_close(struct addresses *a) {
  for (size_t i = 0; i < ADDRESSES_BUCKETS; i++) {
    while (a->buckets[i]) {
      struct address *next = a->buckets[i]->next;
      free(a->buckets[i]);
      a->buckets[i] = next;
    }
  }
  uv_mutex_destroy(&a->lock);
}

static bool read_key(const struct sockaddr *address, uint64_t *out) {
  const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
  static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
  uint32_t v4;
  if (address->sa_family == AF_INET) {
    memcpy(&v4, &((const struct sockaddr_in *)address)->sin_addr, sizeof v4);
  } else if (address->sa_family != AF_INET6) {
    return false;
  } else if (memcmp(&v6->sin6_addr, mapped, sizeof mapped) == 0) {
    memcpy(&v4, (const uint8_t *)&v6->sin6_addr + sizeof mapped, sizeof v4);
  } else {
    memcpy(out, &v6->sin6_addr, sizeof *out);
    return true;
  }
  *out = IPV4 | v4;
  return true;
}

/* The finalizer of MurmurHash3 over the key and the seed. */
static struct address **bucket_of(struct addresses *a, uint64_t key) {
  uint64_t h = key ^ a->seed;
  h = (h ^ (h >> 33)) * 0xff51afd7ed558ccdu;
  h = (h ^ (h >> 33) ^ a->seed) * 0xc4ceb9fe1a85ec53u;
  return &a->buckets[(h ^ (h >> 33)) % ADDRESSES_BUCKETS];
}

/* Where the entry is linked, or NULL at the end of its chain. */
static struct address **find(struct addresses *a, uint64_t key) {
  struct address **at = bucket_of(a, key);
  while (*at && (*at)->key != key)
    at = &(*at)->next;
  return at;
}

static int enter(struct addresses *a, uint64_t key, uint64_t most,
                 struct address **out) {
  struct address **at = find(a, key);
  if (!*at) {
    *at = calloc(1, sizeof **at);
    if (!*at)
      return UV_ENOMEM;
    (*at)->key = key;
  }
  *out = *at;
  if ((*at)->count >= most)
    return UV_EBUSY;
  (*at)->count++;
  return 0;
}

int addresses_enter(struct addresses *a, const struct sockaddr *address,
                    uint64_t most, struct address **out) {
  uint64_t key;
  if (!read_key(address, &key))
    return UV_EINVAL;
  uv_mutex_lock(&a->lock);
  int status = enter(a, key, most, out);
  uv_mutex_unlock(&a->lock);
  return status;
}

void addresses_leave(struct addresses *a, struct address *entry) {
  if (!entry)
    return;
  uv_mutex_lock(&a->lock);
  if (--entry->count == 0) {
    *find(a, entry->key) = entry->next;
    free(entry);
  }
  uv_mutex_unlock(&a->lock);
}
