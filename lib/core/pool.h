/* SPDX-License-Identifier: MIT */
/* Pools of a loop: blocks of fixed size classes, carved from aligned slabs that
 * stay the same kind of memory until detach (type-stable), so that a stale
 * value task can be checked against the first words of a block at any time. One
 * thread, but for vt__slab_of and what it finds.
 *
 * Invariant: every block begins with the words of vt_op_t up to aux; a free one
 * has phase VT__FREE. A block's token begins at a number mixed from its address
 * and grows by one each time the block is given back, so that no other block's
 * token fits it, and none of its own earlier ones. */
#ifndef VT_CORE_POOL_H
#define VT_CORE_POOL_H

#include "core/poison.h"
#include "vt/bridge.h"

/* A block's life. Transitions: oneshot.c for operations and boxes, waiter.c for
 * waiters. */
enum vt__phase {
  VT__FREE,    /* in its pool */
  VT__PENDING, /* not complete, nobody waits */
  VT__AWAITED, /* not complete, a continuation (NULL: forgotten) is there */
  VT__QUEUED,  /* complete, its continuation is in the ready queue */
  VT__DONE,    /* complete, the result waits to be taken */
  VT__ORPHAN   /* cancelled and answered; libuv still holds the request */
};

enum { VT__SLAB_SIZE = 16384, VT__RESERVE = 4 };

struct vt__class;

/* The head of a slab, at an address that is a multiple of VT__SLAB_SIZE. */
typedef struct vt__slab {
  vt_loop_t *loop;
  struct vt__class *class;
  struct vt__slab *next; /* of the class */
  uint32_t *sites;       /* where each block was made; NULL without VT_DEBUG */
  size_t carved;         /* blocks handed out at least once */
  struct vt__use *uses;  /* two for each block; NULL without VT_DEBUG */
} vt__slab_t;

/* What VT_DEBUG knows of a value task: the one of a block's current token, or
 * the one that was noted before it, so that a stale one can be told of. */
typedef struct vt__use {
  uint64_t token;
  const char *kind; /* of its operation; NULL until it is awaited */
  uint32_t made;    /* numbers of sites; 0 for none */
  uint32_t awaited; /* first */
} vt__use_t;

/* Blocks begin here, on a cache line. */
enum { VT__SLAB_HEAD = 64 };

/* One size class. Free blocks are linked through their k. */
typedef struct vt__class {
  vt_op_t *free;
  char *next; /* not yet carved, up to end */
  char *end;
  vt__slab_t *slabs; /* the one being carved is first */
  vt_op_t *reserve;  /* only for suspending; see vt__pool_get_box */
  uint32_t reserved;
  uint32_t stride;
  uint32_t short_of; /* blocks that the reserve lacks */
  uint32_t bare;     /* first bytes of a free block that checks may read */
  uint64_t unused;   /* makes 64 bytes: a class is found by a shift */
} vt__class_t;

enum {
  VT__SMALL_CLASSES = 65, /* up to 1 KiB in steps of 16 */
  VT__LARGE_CLASSES = 80, /* up to 1 GiB, four to each doubling */
  VT__CLASS_WAITER = VT__SMALL_CLASSES + VT__LARGE_CLASSES,
  VT__CLASSES
};

/* A bit of vt__pool_t.unusual: the next block's line was announced. */
#define VT__ANNOUNCED ((uint32_t)1 << 31)

typedef struct vt__chunk vt__chunk_t;

typedef struct vt__pool {
  vt_loop_t *loop;
  uint64_t carved;     /* blocks made so far */
  uint64_t bytes;      /* held of the allocator */
  uint32_t unusual;    /* classes whose reserve is not whole; VT__ANNOUNCED */
  vt__chunk_t *chunks; /* the memory of the slabs */
  char *slab_next;     /* slabs not yet used, up to slab_end */
  char *slab_end;
  vt__class_t classes[VT__CLASSES];
} vt__pool_t;

void vt__pool_init(vt__pool_t *pool, vt_loop_t *loop);

/* Frees all slabs, blocks in use or not. */
void vt__pool_close(vt__pool_t *pool);

/* The class for size bytes; NULL above 1 GiB. */
vt__class_t *vt__pool_large_class(vt__pool_t *pool, size_t size);

static inline vt__class_t *vt__pool_class(vt__pool_t *pool, size_t size) {
  if (VT_LIKELY(size <= 1024))
    return &pool->classes[(size + 15) / 16];
  return vt__pool_large_class(pool, size);
}

/* The slow half of vt__pool_get: notes the line, carves, makes a slab. */
vt_op_t *vt__pool_get_slowly(vt__pool_t *pool, vt__class_t *class);

/* A block for a suspending async function: as vt__pool_get, and the reserve of
 * the class when memory is out. */
vt_op_t *vt__pool_get_box(vt__pool_t *pool, vt__class_t *class);

/* The slow half of vt__pool_put: makes a reserve whole again. */
void vt__pool_put_short(vt__pool_t *pool, vt_op_t *block);

/* Notes the line that the thread announced (vt__site_made) as the block's, and
 * forgets it (site.c). */
void vt__pool_note_site(vt_op_t *block);

/* The block's slot in its slab's table of sites; NULL without memory. */
uint32_t *vt__pool_site_slot(const vt_op_t *block);

/* The block's two uses, the newer one first; NULL without memory. */
vt__use_t *vt__pool_uses(const vt_op_t *block);

/* The site number noted for a block; 0 for none. */
uint32_t vt__pool_site(const vt_op_t *block);

typedef void vt__pool_walk_fn(void *arg, vt_op_t *block);

/* Calls fn for each live block. fn may put that block. */
void vt__pool_walk(vt__pool_t *pool, vt__pool_walk_fn *fn, void *arg);

static inline vt__slab_t *vt__slab_of(const void *block) {
  return (vt__slab_t *)((uintptr_t)block & ~(uintptr_t)(VT__SLAB_SIZE - 1));
}

/* A block whose words but the token are the caller's to set, the phase at once;
 * NULL without memory. */
static inline vt_op_t *vt__pool_get(vt__pool_t *pool, vt__class_t *class) {
  vt_op_t *block = class->free;
  if (!VT_LIKELY(block && pool->unusual == 0))
    return vt__pool_get_slowly(pool, class);
  class->free = (vt_op_t *)block->state;
  vt__unpoison(block, class->stride);
  return block;
}

/* vt__pool_put while no reserve is short. */
static inline void vt__pool_put_plain(vt_op_t *block) {
  vt__class_t *class = vt__slab_of(block)->class;
  block->source.token++;
  block->phase = VT__FREE;
  block->state = class->free;
  class->free = block;
  vt__poison((char *)block + class->bare, class->stride - class->bare);
}

/* Gives a block back; every value task that names it is stale from here on. */
static inline void vt__pool_put(vt__pool_t *pool, vt_op_t *block) {
  if (VT_LIKELY(pool->unusual == 0))
    vt__pool_put_plain(block);
  else
    vt__pool_put_short(pool, block);
}

#endif
