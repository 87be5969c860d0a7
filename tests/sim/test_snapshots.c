/* SPDX-License-Identifier: MIT */
/* Races for snapshots: whoever cancels, invalidates, swaps or closes, never are
 * two loads under way, who waits is answered once, by a value that was there
 * after he asked, and each value is dropped once, when nobody has it. */
#include "sim/waits.h"

/* ---- the world ---- */

enum { VALUES = 512, FRONTS = 3 };

struct snapshots {
  struct waits waits;
  vt_shared_snapshot_t *shared; /* NULL: one alone */
  vt_snapshot_t *fronts[FRONTS];
  unsigned front_count; /* 0: closed */
  unsigned loading;
  unsigned made;  /* numbers of values, from 1 on */
  unsigned fresh; /* the first after the last invalidate */
  unsigned fails; /* loads that are to fail */
  unsigned given; /* values, to the snapshot */
  bool dropped[VALUES];
  unsigned drops;
};

static struct snapshots *snapshots_of(struct waits *all) {
  return (struct snapshots *)all;
}

static unsigned pick(struct snapshots *s, unsigned n) {
  return schedule_pick(&s->waits.schedule, n);
}

static void wrong(struct snapshots *s, const char *rule) {
  waits_wrong(&s->waits, rule);
}

/* ---- the loader: a value's number is given when the load begins ---- */

struct load_frame {
  vt_frame_t vt;
  struct snapshots *s;
  unsigned number;
  bool slow;
};

static vt_t load_body(void *frame) {
  struct load_frame *f = frame;
  VT_BEGIN(f);
  if (f->slow)
    VT_TRY(f, vt_delay(pick(f->s, 4)));
  if (f->s->fails > 0 && f->s->waits.closed == 0) {
    f->s->fails--;
    VT_RETURN(f, vt_failed(f->s->waits.status));
  }
  f->s->given++;
  VT_RETURN(f, vt_from_uint(f->number));
  VT_FINALLY(f);
  f->s->loading--;
  VT_END(f);
}

static vt_t load(void *arg) {
  struct snapshots *s = arg;
  struct load_frame f = {.s = s, .number = ++s->made, .slow = pick(s, 4) != 0};
  if (s->loading++ != 0)
    wrong(s, "two loads are under way");
  return vt_start(&f, load_body);
}

static void drop(void *arg, void *value) {
  struct snapshots *s = arg;
  uintptr_t number = (uintptr_t)value;
  if (number == 0 || number >= VALUES || s->dropped[number])
    wrong(s, "dropped twice, or what was none");
  else
    s->dropped[number] = true;
  s->drops++;
}

/* ---- the kind ---- */

static void check(struct snapshots *s, int rc) {
  if (rc != 0)
    wrong(s, vt_err_name(rc));
}

static vt_snapshot_options_t begin_world(struct snapshots *s) {
  vt_snapshot_options_t options = {.load = load, .drop = drop, .arg = s};
  s->waits.status = UV_ECANCELED; /* what a close ends them with */
  s->loading = s->made = s->given = s->drops = 0;
  s->fresh = 1;
  s->fails = pick(s, 3);
  for (unsigned i = 0; i < VALUES; i++)
    s->dropped[i] = false;
  options.flags = pick(s, 4);
  options.ttl_ms = pick(s, 2) * 2;
  options.stale_ms = pick(s, 3);
  options.fail_ms = pick(s, 4) == 0;
  return options;
}

static void snapshot_open(struct waits *all) {
  struct snapshots *s = snapshots_of(all);
  vt_snapshot_options_t options = begin_world(s);
  s->shared = NULL;
  s->front_count = 1;
  check(s, vt_snapshot_new(&options, &s->fronts[0]));
}

static void shared_open(struct waits *all) {
  struct snapshots *s = snapshots_of(all);
  vt_snapshot_options_t options = begin_world(s);
  s->front_count = 2 + pick(s, FRONTS - 1);
  check(s, vt_shared_snapshot_new(&options, &s->shared));
  for (unsigned i = 0; i < s->front_count; i++)
    check(s, vt_shared_snapshot_open(s->shared, &s->fronts[i]));
}

static vt_snapshot_t *pick_front(struct snapshots *s) {
  return s->fronts[pick(s, s->front_count)];
}

static vt_t snapshot_begin(struct wait *w) {
  struct snapshots *s = snapshots_of(w->all);
  w->about = s->fresh;
  if (s->front_count == 0)
    return vt_failed(UV_ECANCELED);
  if (pick(s, 4) == 0)
    return vt_snapshot_refresh_async(pick_front(s));
  return vt_snapshot_get(pick_front(s));
}

static void snapshot_got(struct wait *w) {
  struct snapshots *s = snapshots_of(w->all);
  if (w->value.u < w->about)
    wrong(s, "a value that was invalid before it was asked for");
  if (!w->in_hand && s->dropped[w->value.u % VALUES])
    wrong(s, "a value that is dropped");
}

static void snapshot_act(struct waits *all) {
  struct snapshots *s = snapshots_of(all);
  unsigned what = pick(s, 4);
  if (s->front_count == 0)
    return;
  if (what == 0) {
    vt_snapshot_invalidate(pick_front(s));
    s->fresh = s->made + 1;
  } else if (what == 1) {
    vt_snapshot_put(pick_front(s), (void *)(uintptr_t)++s->made);
    s->given++;
  }
}

static void nothing(struct waits *all) { (void)all; }

static void snapshot_close(struct waits *all, int64_t status) {
  struct snapshots *s = snapshots_of(all);
  (void)status;
  for (unsigned i = 0; i < s->front_count; i++)
    vt_forget(vt_snapshot_close_async(s->fronts[i]));
  if (s->front_count != 0)
    vt_shared_snapshot_unref(s->shared);
  s->front_count = 0;
}

static void snapshot_end(struct waits *all) {
  struct snapshots *s = snapshots_of(all);
  if (s->loading != 0 || s->drops != s->given)
    wrong(s, "a load goes on, or a value is not dropped");
}

/* ---- main ---- */

#define KIND(name_, open_)                                                     \
  {                                                                            \
    .name = (name_), .open = (open_), .begin = snapshot_begin,                 \
    .got = snapshot_got, .act = snapshot_act, .finish = nothing,               \
    .close = snapshot_close, .check = nothing, .end = snapshot_end,            \
    .settles = true, .fails = true                                             \
  }

static const struct waits_kind kinds[] = {KIND("snapshot", snapshot_open),
                                          KIND("shared snapshot", shared_open)};

static vt_t race(void *snapshots) {
  return waits_run(snapshots, kinds, sizeof kinds / sizeof *kinds);
}

int main(int argc, char **argv) {
  static struct snapshots snapshots;
  const struct races races = {.name = "sim/snapshots",
                              .world = &snapshots,
                              .size = sizeof snapshots,
                              .body = race,
                              .has_met_all = waits_have_met_all,
                              .count = 20000};
  return schedule_main(argc, argv, &races);
}
