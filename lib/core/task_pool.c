/* SPDX-License-Identifier: MIT */
/* Memory of tasks: type-stable for the process, since a task may outlive the
 * loop that made it and be released on any thread. Each loop keeps a few free
 * ones, so that steady state takes no lock; the rest are at home under one.
 * When no loop is attached and no task is alive the memory goes back to the
 * allocator. */
#include "core/task.h"

#include "base/alloc.h"
#include "core/loop.h"

enum { CHUNK_TASKS = 64, CACHE_FILL = 16, CACHE_MOST = 64 };

typedef struct chunk {
  struct chunk *next;
  vt_task_t tasks[CHUNK_TASKS];
} chunk_t;

static struct {
  _Atomic bool locked;
  vt_task_t *free;
  chunk_t *chunks;
  uint64_t out; /* tasks not at home */
  uint64_t loops;
} home;

void vt__spin_lock(_Atomic bool *lock) {
  for (int tries = 0;
       atomic_exchange_explicit(lock, true, memory_order_acquire); tries++)
    if (tries >= 64)
      vt__thread_yield();
}

void vt__spin_unlock(_Atomic bool *lock) {
  atomic_store_explicit(lock, false, memory_order_release);
}

static vt_task_t *next_of(const vt_task_t *task) {
  return (vt_task_t *)(void *)task->head;
}

static void push(vt_task_t **list, vt_task_t *task) {
  task->head = (vt__waiter_t *)(void *)*list;
  *list = task;
}

static vt_task_t *pop(vt_task_t **list) {
  vt_task_t *task = *list;
  *list = next_of(task);
  return task;
}

/* By the lock. */
static void grow(void) {
  chunk_t *chunk = vt__calloc(1, sizeof *chunk);
  if (!chunk)
    return;
  chunk->next = home.chunks;
  home.chunks = chunk;
  for (int i = CHUNK_TASKS; i-- > 0;)
    push(&home.free, &chunk->tasks[i]);
}

/* By the lock: frees all memory when nobody can hold any of it. */
static void close_if_idle(void) {
  if (home.out != 0 || home.loops != 0)
    return;
  home.free = NULL;
  while (home.chunks) {
    chunk_t *chunk = home.chunks;
    home.chunks = chunk->next;
    vt__free(chunk);
  }
}

/* By the lock. */
static vt_task_t *take_home(void) {
  if (!home.free)
    grow();
  if (!home.free)
    return NULL;
  home.out++;
  return pop(&home.free);
}

vt_task_t *vt__task_take(void) {
  vt_loop_t *loop = vt__current;
  if (loop && loop->tasks.count != 0) {
    loop->tasks.count--;
    return pop(&loop->tasks.free);
  }
  vt__spin_lock(&home.locked);
  vt_task_t *task = take_home();
  while (task && loop && loop->tasks.count < CACHE_FILL && home.free) {
    push(&loop->tasks.free, take_home());
    loop->tasks.count++;
  }
  vt__spin_unlock(&home.locked);
  return task;
}

void vt__task_put(vt_task_t *task) {
  vt_loop_t *loop = vt__current;
  if (loop && loop->tasks.count < CACHE_MOST) {
    push(&loop->tasks.free, task);
    loop->tasks.count++;
    return;
  }
  vt__spin_lock(&home.locked);
  push(&home.free, task);
  home.out--;
  close_if_idle();
  vt__spin_unlock(&home.locked);
}

void vt__tasks_enter(void) {
  vt__spin_lock(&home.locked);
  home.loops++;
  vt__spin_unlock(&home.locked);
}

void vt__tasks_leave(vt_loop_t *loop) {
  vt__spin_lock(&home.locked);
  for (; loop->tasks.count != 0; loop->tasks.count--) {
    push(&home.free, pop(&loop->tasks.free));
    home.out--;
  }
  home.loops--;
  close_if_idle();
  vt__spin_unlock(&home.locked);
}

uint64_t vt__tasks_alive(void) {
  vt__spin_lock(&home.locked);
  uint64_t alive = home.out;
  vt__spin_unlock(&home.locked);
  return alive;
}
