/* SPDX-License-Identifier: MIT */
/* vt_map_limit: a group with a member for each that may be under way at once. A
 * member that is over takes the next number; what is in hand is noted in a
 * loop, which lets I/O in by a yield every VT__BUDGET of them. */
#include "vt/map.h"

#include "combine/group.h"
#include "vt/delay.h"

#define NO_NUMBER SIZE_MAX /* of a member that yields */

/* Behind the group's members. */
struct map {
  vt_map_t what;
  size_t count;
  size_t next; /* the first number not begun */
  vt_result_t *out;
  int64_t failure; /* of the lowest number that really failed */
  size_t failed;   /* that number */
  bool some_cancelled;
  size_t numbers[]; /* of each member */
};

static struct map *map_of(const vt__group_t *g) { return vt__group_extra(g); }

/* Result of a number that is over. */
static void take(struct map *m, size_t number, vt_result_t result) {
  if (m->out)
    m->out[number] = result;
  if (result.status == UV_ECANCELED) {
    m->some_cancelled = true;
  } else if (result.status != 0 && number < m->failed) {
    m->failure = result.status;
    m->failed = number;
  }
}

static void end_early(vt__group_t *g) {
  g->ended = true;
  vt__group_end_all(g);
}

/* Takes what member i has, if it is over; false while it is pending. */
static bool take_member(vt__group_t *g, size_t i) {
  struct map *m = map_of(g);
  const vt__member_t *member = &g->members[i];
  if (member->state == VT__MEMBER_PENDING)
    return false;
  if (m->numbers[i] != NO_NUMBER) {
    take(m, m->numbers[i], member->result);
    if (member->result.status != 0 && m->what.flags & VT_FAIL_FAST)
      end_early(g);
  }
  return true;
}

/* Gives member i one number after the other, until it waits for one. */
static void feed(vt__group_t *g, size_t i) {
  struct map *m = map_of(g);
  int hits = 0;
  while (m->next < m->count && !g->ended) {
    bool rests = hits++ % (VT__BUDGET + 1) == VT__BUDGET;
    m->numbers[i] = rests ? NO_NUMBER : m->next++;
    vt__group_join(g, i,
                   rests ? vt_yield() : m->what.fn(m->what.arg, m->numbers[i]));
    if (!take_member(g, i))
      return;
  }
}

static void on_over(vt__group_t *g, size_t i) {
  if (take_member(g, i))
    feed(g, i);
}

/* Those that were never begun are cancelled. */
static vt_result_t outcome(const vt__group_t *g) {
  struct map *m = map_of(g);
  vt_result_t cancelled = {UV_ECANCELED, {0}};
  vt_result_t r = {m->failure, {0}};
  for (; m->next < m->count; m->next++)
    take(m, m->next, cancelled);
  if (r.status == 0 && m->some_cancelled)
    r.status = UV_ECANCELED;
  if (r.status == 0)
    r.value.u = m->count;
  return r;
}

static const vt__group_rule_t rule = {on_over, outcome, false,
                                      VT__GROUP_OPS("map")};

vt_t vt_map_limit(const vt_map_t *what, size_t count, vt_result_t out[]) {
  vt__group_t *g;
  if (!what || !what->fn)
    return vt_failed(UV_EINVAL);
  size_t members = what->limit && what->limit < count ? what->limit : count;
  if (members > (SIZE_MAX - sizeof(struct map)) / sizeof(size_t))
    return vt_failed(UV_ENOMEM);
  int rc = vt__group_new(&rule, members,
                         sizeof(struct map) + members * sizeof(size_t), &g);
  if (rc != 0)
    return vt_failed(rc);
  struct map *m = map_of(g);
  *m = (struct map){.what = *what, .count = count, .out = out, .failed = count};
  g->shows = out != NULL;
  for (size_t i = 0; i < members; i++)
    feed(g, i);
  return vt__group_begun(g);
}
