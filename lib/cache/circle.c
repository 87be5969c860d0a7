/* SPDX-License-Identifier: MIT */
/* Circles.
 *
 * Happy path: who tells marks each member as posted, by the lock, and posts
 * their letters outside it; a letter that comes is marked as not posted before
 * its member looks, so that what changes from then on posts it again.
 *
 * What can go wrong: a member leaves while its letter is under way. It is out
 * of the list then, waits for the few instructions that its poster needs, and
 * takes the letter out of the inbox. */
#include "cache/circle.h"

#include "core/oneshot.h"
#include "core/task.h"

struct letter {
  vt_op_t op;
  vt__member_t *member;
};

static vt__member_t *member_of(vt_wait_link_t *link) {
  return (vt__member_t *)(void *)((char *)link - offsetof(vt__member_t, link));
}

void vt__circle_lock(vt__circle_t *circle) { vt__spin_lock(&circle->locked); }

void vt__circle_unlock(vt__circle_t *circle) {
  vt__spin_unlock(&circle->locked);
}

void vt__circle_init(vt__circle_t *circle) {
  atomic_init(&circle->locked, false);
  atomic_init(&circle->posting, 0);
  vt__link_init(&circle->members);
  circle->count = 0;
}

/* ---- the letter ---- */

static void arrive(vt_loop_t *loop, vt_op_t *op) {
  vt__member_t *m = ((struct letter *)(void *)op)->member;
  (void)loop;
  vt__circle_lock(m->circle);
  m->posted = false;
  bool left = m->left;
  vt__circle_unlock(m->circle);
  if (!left)
    m->look(m);
}

static const struct vt__own_ops letter_own = {.arrive = arrive};

static const vt_source_ops_t letter_ops = {.kind = "cache member",
                                           .own = &letter_own};

/* It is of no scope, and keeps uv_run of nobody going. */
static int letter_new(vt__member_t *member, vt_op_t **out) {
  vt_loop_t *loop = vt__current;
  vt_scope_t *before = loop->scope;
  loop->scope = NULL;
  int rc = vt__op_new(&letter_ops, sizeof(struct letter), out);
  loop->scope = before;
  if (rc != 0)
    return rc;
  (*out)->phase = VT__AWAITED;
  (*out)->k = NULL;
  (*out)->aux = (uint32_t)vt__loop_now(loop);
  ((struct letter *)(void *)*out)->member = member;
  return 0;
}

/* ---- members ---- */

int vt__circle_join(vt__circle_t *circle, vt__member_t *m, vt__look_fn *look) {
  if (!vt__current)
    return VT_ENOLOOP;
  int rc = letter_new(m, &m->letter);
  if (rc != 0)
    return rc;
  m->circle = circle;
  m->loop = vt__current;
  m->look = look;
  m->posted = m->left = false;
  vt__circle_lock(circle);
  vt__link_append(&circle->members, &m->link);
  circle->count++;
  vt__circle_unlock(circle);
  return 0;
}

static bool is_posted(vt__member_t *m) {
  vt__circle_lock(m->circle);
  bool posted = m->posted;
  vt__circle_unlock(m->circle);
  return posted;
}

void vt__circle_leave(vt__member_t *m) {
  vt__circle_lock(m->circle);
  vt__link_leave(&m->link);
  m->circle->count--;
  m->left = true;
  vt__circle_unlock(m->circle);
  while (is_posted(m)) {
    vt__thread_yield();
    vt__inbox_take(m->loop);
  }
  vt__op_undo(m->letter);
}

void vt__circle_each(vt__circle_t *circle,
                     void (*fn)(vt__member_t *member, void *arg), void *arg) {
  for (vt_wait_link_t *at = circle->members.next; at != &circle->members;
       at = at->next)
    fn(member_of(at), arg);
}

static void post(vt__member_t *m) {
  for (vt__member_t *next; m; m = next) {
    next = m->next_posted;
    vt__inbox_post(m->loop, m->letter);
  }
}

static void look(vt__member_t *m) {
  for (vt__member_t *next; m; m = next) {
    next = m->next_here;
    m->look(m);
  }
}

/* Those who are told by one call. */
struct told {
  vt__member_t *here;
  vt__member_t *elsewhere;
  bool others; /* some letters are another thread's to post */
};

static void tell_one(vt__member_t *m, struct told *told) {
  if (m->loop == vt__current) {
    m->next_here = told->here;
    told->here = m;
  } else if (m->posted) {
    told->others = true;
  } else {
    m->posted = true;
    m->next_posted = told->elsewhere;
    told->elsewhere = m;
  }
}

void vt__circle_tell(vt__circle_t *circle) {
  struct told told = {NULL, NULL, false};
  for (vt_wait_link_t *at = circle->members.next; at != &circle->members;
       at = at->next)
    tell_one(member_of(at), &told);
  atomic_fetch_add_explicit(&circle->posting, 1, memory_order_relaxed);
  vt__circle_unlock(circle);
  post(told.elsewhere);
  atomic_fetch_sub_explicit(&circle->posting, 1, memory_order_release);
  while (told.others &&
         atomic_load_explicit(&circle->posting, memory_order_acquire) != 0)
    vt__thread_yield();
  look(told.here);
}
