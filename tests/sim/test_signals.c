/* SPDX-License-Identifier: MIT */
/* Races for what is told: events, conditions, barriers, what is done once.
 * Nobody waits for ever for what was told, and nothing is told twice. */
#include "sim/waits.h"

/* ---- the world ---- */

struct signals {
  struct waits waits;
  vt_event_t event;
  vt_condition_t condition;
  vt_mutex_t mutex;
  vt_barrier_t barrier;
  vt_once_t once;
  uint64_t told;  /* sets of the event, items made */
  uint64_t taken; /* of those */
  uint64_t parties, leaders;
  unsigned inside; /* who is in the mutex, or does what is done once */
  unsigned done;   /* once */
  unsigned tries;  /* until it succeeds */
};

static struct signals *signals_of(struct waits *all) {
  return (struct signals *)all;
}

static unsigned pick(struct signals *s, unsigned n) {
  return schedule_pick(&s->waits.schedule, n);
}

static void expect(struct signals *s, int rc) {
  if (rc != 0)
    waits_wrong(&s->waits, vt_err_name(rc));
}

static void enter(struct signals *s) {
  if (s->inside++ != 0)
    waits_wrong(&s->waits, "two are inside");
}

/* ---- events ---- */

static void event_open(struct signals *s, unsigned flags) {
  s->told = s->taken = 0;
  expect(s, vt_event_init(&s->event, flags));
}

static void manual_open(struct waits *all) { event_open(signals_of(all), 0); }

static void auto_open(struct waits *all) {
  event_open(signals_of(all), VT_EVENT_AUTO_RESET);
}

static vt_t event_begin(struct wait *w) {
  return vt_event_wait_async(&signals_of(w->all)->event);
}

static void event_got(struct wait *w) { signals_of(w->all)->taken++; }

static void event_set(struct waits *all) {
  struct signals *s = signals_of(all);
  s->told += !vt_event_is_set(&s->event);
  expect(s, vt_event_set(&s->event));
}

static void manual_act(struct waits *all) {
  if (pick(signals_of(all), 4) == 0)
    event_set(all);
  else
    vt_event_reset(&signals_of(all)->event);
}

static void auto_act(struct waits *all) {
  if (pick(signals_of(all), 4) == 0)
    event_set(all);
}

static void event_close(struct waits *all, int64_t status) {
  expect(signals_of(all), vt_event_close(&signals_of(all)->event, status));
}

static void manual_check(struct waits *all) {
  struct signals *s = signals_of(all);
  if (s->waits.closed == 0 && !vt_event_is_set(&s->event))
    waits_wrong(all, "it was set and is not");
}

/* Set twice is set once: so what those had who left may be lost. */
static void auto_check(struct waits *all) {
  struct signals *s = signals_of(all);
  uint64_t there = s->taken + vt_event_is_set(&s->event);
  bool some_left = waits_left(all) != 0 || all->closed != 0;
  if (some_left ? there > s->told : there != s->told)
    waits_wrong(all, "it let go another number than it was set for");
}

/* ---- conditions: consumers of items, each a function ---- */

struct consumer_frame {
  vt_frame_t vt;
  struct signals *s;
  bool locked;
};

static void leave(struct consumer_frame *f) {
  f->s->inside--;
  f->locked = false;
}

static void back(struct consumer_frame *f) {
  enter(f->s);
  f->locked = true;
}

static vt_t consumer_body(void *frame) {
  struct consumer_frame *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  VT_TRY(f, vt_mutex_lock_async(&f->s->mutex));
  back(f);
  while (f->s->told == f->s->taken) {
    leave(f);
    VT_AWAIT(f, r, vt_condition_wait_async(&f->s->condition, &f->s->mutex));
    back(f);
    VT_TRY(f, vt_from_result(r));
  }
  f->s->taken++;
  VT_TRY(f, vt_yield());
  VT_FINALLY(f);
  if (f->locked) {
    leave(f);
    expect(f->s, vt_mutex_unlock(&f->s->mutex));
  }
  if (f->s->told > f->s->taken)
    expect(f->s, vt_condition_signal(&f->s->condition));
  VT_END(f);
}

static void condition_open(struct waits *all) {
  struct signals *s = signals_of(all);
  s->told = s->taken = 0;
  s->inside = 0;
  expect(s, vt_mutex_init(&s->mutex));
  expect(s, vt_condition_init(&s->condition));
}

static vt_t condition_begin(struct wait *w) {
  struct consumer_frame f = {.s = signals_of(w->all)};
  return vt_start(&f, consumer_body);
}

static void condition_act(struct waits *all) {
  struct signals *s = signals_of(all);
  if (pick(s, 4) != 0)
    return;
  s->told++;
  expect(s, pick(s, 4) ? vt_condition_signal(&s->condition)
                       : vt_condition_broadcast(&s->condition));
}

static void condition_finish(struct waits *all) {
  struct signals *s = signals_of(all);
  s->told++;
  expect(s, vt_condition_signal(&s->condition));
}

static void condition_close(struct waits *all, int64_t status) {
  expect(signals_of(all),
         vt_condition_close(&signals_of(all)->condition, status));
}

static void condition_check(struct waits *all) {
  struct signals *s = signals_of(all);
  if (s->inside != 0 || vt_mutex_is_locked(&s->mutex))
    waits_wrong(all, "nobody is there and the mutex is locked");
  if (s->taken > s->told)
    waits_wrong(all, "more was taken than there was");
}

static void condition_end(struct waits *all) {
  expect(signals_of(all), vt_mutex_close(&signals_of(all)->mutex, 0));
}

/* ---- barriers ---- */

static void barrier_open(struct waits *all) {
  struct signals *s = signals_of(all);
  s->parties = 2 + pick(s, 2);
  s->taken = s->leaders = 0;
  expect(s, vt_barrier_init(&s->barrier, s->parties));
}

static vt_t barrier_begin(struct wait *w) {
  return vt_barrier_arrive_async(&signals_of(w->all)->barrier);
}

static void barrier_got(struct wait *w) {
  signals_of(w->all)->taken++;
  signals_of(w->all)->leaders += w->value.u;
}

static void nothing(struct waits *all) { (void)all; }

static void barrier_close(struct waits *all, int64_t status) {
  expect(signals_of(all), vt_barrier_close(&signals_of(all)->barrier, status));
}

/* Those who left may have arrived, also last. */
static void barrier_check(struct waits *all) {
  struct signals *s = signals_of(all);
  unsigned left = waits_left(all);
  if (left == 0 ? s->taken != s->leaders * s->parties
                : s->taken > (s->leaders + left) * s->parties)
    waits_wrong(all, "others went on than those of whole rounds");
}

/* ---- once ---- */

struct doing_frame {
  vt_frame_t vt;
  struct signals *s;
};

static vt_t doing_body(void *frame) {
  struct doing_frame *f = frame;
  VT_BEGIN(f);
  enter(f->s);
  VT_TRY(f, vt_delay(pick(f->s, 4)));
  f->s->inside--;
  if (f->s->tries > 0 && f->s->waits.closed == 0) {
    f->s->tries--;
    VT_RETURN(f, vt_failed(f->s->waits.status));
  }
  f->s->done++;
  VT_RETURN(f, vt_from_int(42));
  VT_END(f);
}

static vt_t do_it(void *signals) {
  struct doing_frame f = {.s = signals};
  return vt_start(&f, doing_body);
}

static void once_open(struct waits *all) {
  struct signals *s = signals_of(all);
  s->inside = s->done = 0;
  s->tries = pick(s, 3);
  expect(s, vt_once_init(&s->once));
}

static vt_t once_begin(struct wait *w) {
  struct signals *s = signals_of(w->all);
  return vt_once_run_async(&s->once, do_it, s);
}

static void once_got(struct wait *w) {
  if (w->value.i != 42)
    waits_wrong(w->all, "another value");
}

static void once_close(struct waits *all, int64_t status) {
  expect(signals_of(all), vt_once_close(&signals_of(all)->once, status));
}

static void once_check(struct waits *all) {
  struct signals *s = signals_of(all);
  if (s->done > 1 || s->inside != 0)
    waits_wrong(all, "done twice, or never at its end");
}

/* ---- main ---- */

static const struct waits_kind kinds[] = {
    {.name = "event",
     .open = manual_open,
     .begin = event_begin,
     .got = event_got,
     .act = manual_act,
     .finish = event_set,
     .close = event_close,
     .check = manual_check,
     .settles = true},
    {.name = "auto event",
     .open = auto_open,
     .begin = event_begin,
     .got = event_got,
     .act = auto_act,
     .finish = event_set,
     .close = event_close,
     .check = auto_check,
     .settles = true},
    {.name = "condition",
     .open = condition_open,
     .begin = condition_begin,
     .act = condition_act,
     .finish = condition_finish,
     .close = condition_close,
     .check = condition_check,
     .end = condition_end,
     .settles = true},
    {.name = "barrier",
     .open = barrier_open,
     .begin = barrier_begin,
     .got = barrier_got,
     .finish = nothing,
     .close = barrier_close,
     .check = barrier_check},
    {.name = "once",
     .open = once_open,
     .begin = once_begin,
     .got = once_got,
     .finish = nothing,
     .close = once_close,
     .check = once_check,
     .settles = true,
     .fails = true},
};

static vt_t race(void *signals) {
  return waits_run(signals, kinds, sizeof kinds / sizeof *kinds);
}

int main(int argc, char **argv) {
  static struct signals signals;
  const struct races races = {.name = "sim/signals",
                              .world = &signals,
                              .size = sizeof signals,
                              .body = race,
                              .has_met_all = waits_have_met_all,
                              .count = 20000};
  return schedule_main(argc, argv, &races);
}
