/* SPDX-License-Identifier: MIT */
/* Pools of a loop.
 *
 * Memory comes from the allocator in chunks that grow from 64 KiB to 1 MiB, is
 * cut into aligned slabs of 16 KiB, and each slab serves one size class, block
 * by block as they are needed (memory that is never used is never touched).
 * Slabs begin zeroed: the first words of a block mean something from the start.
 * A block above a slab's room has a chunk of its own, whose head stands at an
 * aligned address all the same. Free blocks are reused last in, first out.
 *
 * When the allocator refuses, vt__pool_get gives NULL and the operation is
 * refused with UV_ENOMEM. A suspending async function cannot be refused: the
 * operation it awaits is under way. So each class that has served a box keeps
 * VT__RESERVE blocks that only vt__pool_get_box may use, and from the first one
 * used until all are back, new operations are refused (pool->unusual). */
#include "core/pool.h"

#include "base/alloc.h"

struct vt__chunk {
  vt__chunk_t *next;
  size_t size;
};

enum { CHUNK_FIRST = 65536, CHUNK_MOST = 1048576 };

void vt__pool_init(vt__pool_t *pool, vt_loop_t *loop) {
  pool->loop = loop;
  for (uint32_t i = 0; i < VT__SMALL_CLASSES; i++)
    pool->classes[i].stride = i * 16;
  for (uint32_t i = 0; i < VT__LARGE_CLASSES; i++)
    pool->classes[VT__SMALL_CLASSES + i].stride =
        (uint32_t)(256u << i / 4) * (i % 4 + 5);
  for (int i = 0; i < VT__CLASSES; i++)
    pool->classes[i].bare = offsetof(vt_op_t, result);
}

void vt__pool_close(vt__pool_t *pool) {
  for (int i = 0; i < VT__CLASSES; i++)
    for (vt__slab_t *s = pool->classes[i].slabs; s; s = s->next) {
      vt__free(s->sites);
      vt__free(s->uses);
    }
  while (pool->chunks) {
    vt__chunk_t *chunk = pool->chunks;
    pool->chunks = chunk->next;
    vt__unpoison(chunk, chunk->size);
    vt__free(chunk);
  }
}

vt__class_t *vt__pool_large_class(vt__pool_t *pool, size_t size) {
  for (int i = VT__SMALL_CLASSES; i < VT__CLASS_WAITER; i++)
    if (size <= pool->classes[i].stride)
      return &pool->classes[i];
  return NULL;
}

/* Room for an aligned slab of size bytes: a chunk of its own, or one that
 * serves several. */
static char *chunk_new(vt__pool_t *pool, size_t size) {
  size_t whole = sizeof(vt__chunk_t) + size + VT__SLAB_SIZE;
  vt__chunk_t *chunk = vt__calloc(1, whole);
  if (!chunk)
    return NULL;
  chunk->next = pool->chunks;
  chunk->size = whole;
  pool->chunks = chunk;
  pool->bytes += whole;
  uintptr_t start = (uintptr_t)(chunk + 1) + VT__SLAB_SIZE - 1;
  return (char *)(start & ~(uintptr_t)(VT__SLAB_SIZE - 1));
}

/* An ordinary slab's memory. A refused chunk is asked for again smaller. */
static char *slab_memory(vt__pool_t *pool) {
  if (pool->slab_next == pool->slab_end) {
    size_t size = CHUNK_FIRST;
    while (size < pool->bytes && size < CHUNK_MOST)
      size *= 2;
    char *start = chunk_new(pool, size);
    if (!start) {
      size = VT__SLAB_SIZE;
      start = chunk_new(pool, size);
    }
    if (!start)
      return NULL;
    pool->slab_next = start;
    pool->slab_end = start + size;
  }
  char *slab = pool->slab_next;
  pool->slab_next += VT__SLAB_SIZE;
  return slab;
}

static bool slab_new(vt__pool_t *pool, vt__class_t *class) {
  size_t size = VT__SLAB_HEAD + (size_t) class->stride;
  char *memory =
      size <= VT__SLAB_SIZE ? slab_memory(pool) : chunk_new(pool, size);
  if (!memory)
    return false;
  if (size < VT__SLAB_SIZE)
    size = VT__SLAB_SIZE;
  vt__slab_t *slab = (vt__slab_t *)(void *)memory;
  slab->loop = pool->loop;
  slab->class = class;
  slab->sites = NULL;
  slab->uses = NULL;
  slab->carved = 0;
  slab->next = class->slabs;
  class->slabs = slab;
  class->next = memory + VT__SLAB_HEAD;
  class->end = memory + size;
  return true;
}

/* No two blocks begin alike, and a number near another's is far from it. */
static uint64_t first_token(const vt_op_t *block) {
  uint64_t x = (uint64_t)(uintptr_t)block;
  x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
  return x ^ x >> 31;
}

/* A block that was never used, or NULL. */
static vt_op_t *carve(vt__pool_t *pool, vt__class_t *class) {
  if (class->next == NULL || class->end - class->next < (long)class->stride)
    if (!slab_new(pool, class))
      return NULL;
  vt_op_t *block = (vt_op_t *)(void *)class->next;
  class->next += class->stride;
  class->slabs->carved++;
  pool->carved++;
  block->source.token = first_token(block);
  return block;
}

vt_op_t *vt__pool_get_slowly(vt__pool_t *pool, vt__class_t *class) {
  vt_op_t *block = class->free;
  if (block) {
    class->free = (vt_op_t *)block->state;
    vt__unpoison(block, class->stride);
  } else {
    block = carve(pool, class);
  }
  if (block && pool->unusual & VT__ANNOUNCED)
    vt__pool_note_site(block);
  return block;
}

/* How many blocks a class keeps for suspending; one of the large ones. */
static uint32_t reserve_goal(const vt__class_t *class) {
  return class->stride <= 1024 ? VT__RESERVE : 1;
}

/* Fills a class's reserve as far as memory allows. */
static void reserve_fill(vt__pool_t *pool, vt__class_t *class) {
  while (class->reserved < reserve_goal(class)) {
    vt_op_t *block = carve(pool, class);
    if (!block)
      return;
    block->phase = VT__FREE;
    block->state = class->reserve;
    class->reserve = block;
    class->reserved++;
  }
}

static vt_op_t *reserve_take(vt__pool_t *pool, vt__class_t *class) {
  vt_op_t *block = class->reserve;
  if (!block)
    return NULL;
  class->reserve = (vt_op_t *)block->state;
  if (class->short_of++ == 0)
    pool->unusual++;
  return block;
}

vt_op_t *vt__pool_get_box(vt__pool_t *pool, vt__class_t *class) {
  if (!VT_LIKELY(class->reserved == VT__RESERVE) &&
      class->reserved < reserve_goal(class))
    reserve_fill(pool, class);
  vt_op_t *block = vt__pool_get(pool, class);
  return VT_LIKELY(block != NULL) ? block : reserve_take(pool, class);
}

void vt__pool_put_short(vt__pool_t *pool, vt_op_t *block) {
  vt__class_t *class = vt__slab_of(block)->class;
  if (class->short_of == 0) {
    vt__pool_put_plain(block);
    return;
  }
  block->source.token++;
  block->phase = VT__FREE;
  block->state = class->reserve;
  class->reserve = block;
  if (--class->short_of == 0)
    pool->unusual--;
}

static size_t block_number(const vt__slab_t *slab, const vt_op_t *block) {
  const char *first = (const char *)slab + VT__SLAB_HEAD;
  return (size_t)((const char *)block - first) / slab->class->stride;
}

uint32_t vt__pool_site(const vt_op_t *block) {
  const vt__slab_t *slab = vt__slab_of(block);
  return slab->sites ? slab->sites[block_number(slab, block)] : 0;
}

/* Blocks of a slab, at the most. */
static size_t block_count(const vt__slab_t *slab) {
  return VT__SLAB_SIZE / slab->class->stride + 1;
}

vt__use_t *vt__pool_uses(const vt_op_t *block) {
  vt__slab_t *slab = vt__slab_of(block);
  if (!slab->uses)
    slab->uses = vt__calloc(block_count(slab) * 2, sizeof *slab->uses);
  return slab->uses ? &slab->uses[block_number(slab, block) * 2] : NULL;
}

uint32_t *vt__pool_site_slot(const vt_op_t *block) {
  vt__slab_t *slab = vt__slab_of(block);
  if (!slab->sites)
    slab->sites = vt__calloc(block_count(slab), sizeof *slab->sites);
  return slab->sites ? &slab->sites[block_number(slab, block)] : NULL;
}

void vt__pool_walk(vt__pool_t *pool, vt__pool_walk_fn *fn, void *arg) {
  for (int i = 0; i < VT__CLASSES; i++)
    for (vt__slab_t *slab = pool->classes[i].slabs; slab; slab = slab->next)
      for (size_t n = 0; n < slab->carved; n++) {
        char *first = (char *)slab + VT__SLAB_HEAD;
        vt_op_t *block = (vt_op_t *)(void *)(first + n * slab->class->stride);
        if (block->phase != VT__FREE)
          fn(arg, block);
      }
}
