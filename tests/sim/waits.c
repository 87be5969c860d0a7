/* SPDX-License-Identifier: MIT */
#include "waits.h"

#include <stdio.h>
#include <string.h>

enum { MOST_MS = 4, ACTS = 10, SETTLE_MS = 40 };

static const char *const setting_names[] = {
    "plain", "later", "timeout", "any", "all", "function", "scoped"};

static unsigned pick(struct waits *all, unsigned n) {
  return schedule_pick(&all->schedule, n);
}

void waits_wrong(struct waits *all, const char *rule) {
  schedule_wrong(&all->schedule, all->kind->name, rule);
}

static void wrong(const struct wait *w, const char *rule) {
  char whom[64];
  snprintf(whom, sizeof whom, "%s, %s, actor %d", w->all->kind->name,
           setting_names[w->setting], w->actor);
  schedule_wrong(&w->all->schedule, whom, rule);
}

unsigned waits_left(const struct waits *all) {
  unsigned left = 0;
  for (int i = 0; i < WAITS_EACH; i++)
    left += all->each[i].left;
  return left;
}

bool waits_end_alone(const struct wait *w) {
  switch (w->actor) {
  case CANCELS:
  case BOTH:
    return true;
  case STOPS:
  case FORGETS:
    return w->setting != ALL && w->setting != FUNCTION;
  default:
    return w->setting == TIMEOUT || w->setting == ANY;
  }
}

/* ---- having, and giving back ---- */

static void put(struct wait *w) {
  w->has = false;
  if (w->all->kind->put)
    w->all->kind->put(w);
}

static void on_put(void *wait, vt_result_t r) {
  (void)r;
  put(wait);
}

static void get(struct wait *w, vt_value_t value) {
  w->had = w->has = true;
  w->value = value;
  w->all->kind->got(w);
}

static void get_for_a_while(struct wait *w, vt_value_t value) {
  if (!w->all->kind->got)
    return;
  get(w, value);
  vt_await(vt_delay(pick(w->all, 3)), on_put, w);
}

struct hold_frame {
  vt_frame_t vt;
  struct wait *w;
};

static vt_t hold_body(void *frame) {
  struct hold_frame *f = frame;
  vt_value_t value;
  VT_BEGIN(f);
  VT_TRY_VALUE(f, value, f->w->all->kind->begin(f->w));
  get(f->w, value);
  VT_TRY(f, vt_delay(pick(f->w->all, 3)));
  VT_FINALLY(f);
  if (f->w->has)
    put(f->w);
  VT_TRY(f, vt_yield());
  VT_END(f);
}

/* ---- settings ---- */

static bool is_listed(const struct wait *w) {
  return w->setting == ANY || w->setting == ALL;
}

static void on_result(void *wait, vt_result_t r) {
  struct wait *w = wait;
  struct waits *all = w->all;
  w->count += 1 + schedule_is_planted(&all->schedule);
  w->result = r;
  schedule_note(&all->schedule, (uint64_t)(w - all->each), r.status);
  if (is_listed(w))
    r = w->out[0];
  if (r.status == 0 && w->setting != FUNCTION)
    get_for_a_while(w, r.value);
}

static void on_joined(void *wait, vt_result_t r) {
  struct wait *w = wait;
  w->joined++;
  schedule_note(&w->all->schedule, 100, r.status);
  if (w->has && !w->in_hand)
    wrong(w, "joined, and something of it goes on");
}

static vt_t begin_scoped(struct wait *w) {
  vt_scope_options_t options = {.timeout_ms = pick(w->all, 2 * MOST_MS)};
  vt_scope_t *scope;
  int rc = vt_scope_new(&options, &scope);
  if (rc != 0)
    return vt_failed(rc);
  w->cancelled = options.timeout_ms != 0;
  vt_scope_t *before = vt_scope_enter(scope);
  vt_t v = w->all->kind->begin(w);
  vt_scope_leave(before);
  w->in_hand = vt_in_hand(v);
  w->join = vt_scope_join(scope);
  vt_await(w->join, on_joined, w);
  return v;
}

static vt_t begin(struct wait *w) {
  struct hold_frame f = {.w = w};
  uint64_t ms = pick(w->all, MOST_MS + 1);
  vt_t v;
  if (w->setting == SCOPED)
    return begin_scoped(w);
  if (w->setting == FUNCTION && w->all->kind->got)
    return vt_start(&f, hold_body);
  v = w->all->kind->begin(w);
  w->in_hand = vt_in_hand(v) && vt_status(v) == 0;
  switch (w->setting) {
  case TIMEOUT:
    return vt_with_timeout(v, ms);
  case ANY:
    return VT_ANY(0, w->out, v, vt_delay(ms + 1));
  case ALL:
    return VT_ALL(ms % 2 ? VT_FAIL_FAST : 0, w->out, v, vt_delay(ms + 1));
  default:
    return v;
  }
}

/* ---- actors ---- */

static bool awaits_at_once(const struct wait *w) {
  return w->actor != COMES_LATE && w->actor != FORGETS;
}

/* The result of what is left must have another place where it owns something;
 * and a scope that is over reports what nobody has awaited by then. */
static bool is_sensible(const struct wait *w) {
  bool leaves = w->actor == STOPS || w->actor == BOTH || w->actor == FORGETS;
  if (w->setting == SCOPED && !awaits_at_once(w))
    return false;
  return !leaves || (w->all->leaves && w->setting != TIMEOUT);
}

static void await(struct wait *w) {
  vt_await_with(w->v, w->setting == LATER ? VT_LATER : 0, on_result, w);
}

static void cancel(struct wait *w) {
  bool whole = w->setting == SCOPED && pick(w->all, 2);
  w->cancelled = true;
  vt_cancel(whole ? w->join : w->v);
}

static void on_actor(void *wait, vt_result_t r) {
  struct wait *w = wait;
  (void)r;
  if (w->actor == CANCELS || w->actor == BOTH)
    cancel(w);
  if (w->actor == STOPS || w->actor == BOTH)
    w->left = vt_await_stop(w->v, on_result, w);
  if (w->actor == FORGETS) {
    w->left = true;
    vt_forget(w->v);
  }
  if (w->actor == COMES_LATE)
    await(w);
}

static void begin_wait(struct waits *all, struct wait *w) {
  memset(w, 0, sizeof *w);
  w->all = all;
  w->out[0].status = UV_EAGAIN; /* not written */
  do {
    w->setting = (enum setting)pick(all, SETTINGS);
    w->actor = (enum actor)pick(all, ACTORS);
  } while (!is_sensible(w));
  w->v = begin(w);
  if (w->actor == FORGETS && vt_in_hand(w->v))
    w->actor = NOBODY;
  if (awaits_at_once(w))
    await(w);
  if (w->actor != NOBODY)
    vt_await(vt_delay(pick(all, MOST_MS + 1)), on_actor, w);
}

/* What those had in hand that were left; the rest was given back by the
 * library. */
static void reclaim(struct waits *all) {
  for (int i = 0; i < WAITS_EACH; i++) {
    struct wait *w = &all->each[i];
    bool listed = w->in_hand && is_listed(w) && w->out[0].status == 0;
    bool in_hand = w->in_hand && !is_listed(w) && w->setting != FUNCTION;
    if (w->left && !w->had && all->kind->got && (listed || in_hand)) {
      get(w, listed ? w->out[0].value : vt_get_result(w->v).value);
      put(w);
    }
  }
}

/* ---- rules ---- */

static bool is_over(const struct wait *w) { return w->left || w->count != 0; }

/* A close, or the kind itself, ends some that nobody cancelled. */
static bool may_fail(const struct waits *all) {
  return all->closed != 0 || all->kind->fails || !all->kind->settles;
}

static bool may_end_with(const struct wait *w, int64_t status) {
  switch (status) {
  case 0:
    return true;
  case UV_ETIMEDOUT:
    return w->setting == TIMEOUT;
  default:
    if (status == UV_ECANCELED && w->cancelled)
      return true;
    return status == w->all->status && may_fail(w->all);
  }
}

static enum outcome outcome_of(const struct wait *w) {
  if (w->count == 0)
    return LEFT;
  if (w->result.status == UV_ETIMEDOUT)
    return TIMED_OUT;
  return w->result.status == 0 ? GIVEN : GIVEN_UP;
}

static void check_wait(struct wait *w) {
  struct waits *all = w->all;
  if (w->count != (w->left ? 0 : 1))
    wrong(w, "the continuation did not run as often as it should");
  if (w->joined != (w->setting == SCOPED))
    wrong(w, "the scope was not joined once");
  if (w->has)
    wrong(w, "has it for ever");
  if (w->count == 1 && !may_end_with(w, w->result.status))
    wrong(w, vt_err_name(w->result.status));
  all->met[all->kind - all->kinds][w->setting][outcome_of(w)]++;
}

static void check_settled(struct waits *all) {
  for (int i = 0; i < WAITS_EACH; i++)
    if (!is_over(&all->each[i]))
      wrong(&all->each[i], "waits for ever");
}

/* ---- a schedule ---- */

struct schedule_frame {
  vt_frame_t vt;
  struct waits *all;
  int i;
};

static void act(struct waits *all) {
  if (all->kind->act && pick(all, 2))
    all->kind->act(all);
}

static void close_early(struct waits *all) {
  if (all->closed != 0 || pick(all, 3 * ACTS) != 0)
    return;
  all->closed = all->status;
  all->kind->close(all, all->status);
}

static vt_t schedule_body(void *frame) {
  struct schedule_frame *f = frame;
  struct waits *all = f->all;
  VT_BEGIN(f);
  for (f->i = 0; f->i < WAITS_EACH; f->i++) {
    begin_wait(f->all, &f->all->each[f->i]);
    act(f->all);
    VT_TRY(f, vt_delay(pick(f->all, 2)));
  }
  for (f->i = 0; f->i < ACTS; f->i++) {
    act(f->all);
    close_early(f->all);
    VT_TRY(f, vt_delay(pick(f->all, 3)));
  }
  VT_TRY(f, vt_delay(SETTLE_MS));
  for (f->i = 0; f->i <= WAITS_EACH; f->i++) {
    reclaim(f->all);
    f->all->kind->finish(f->all);
    VT_TRY(f, vt_delay(MOST_MS));
  }
  VT_TRY(f, vt_delay(SETTLE_MS));
  if (f->all->kind->settles)
    check_settled(f->all);
  f->all->kind->check(f->all);
  f->all->kind->close(f->all, f->all->status);
  VT_TRY(f, vt_delay(SETTLE_MS));
  for (f->i = 0; f->i < WAITS_EACH; f->i++)
    check_wait(&all->each[f->i]);
  if (f->all->kind->end)
    f->all->kind->end(f->all);
  VT_RETURN(f, schedule_end(&f->all->schedule));
  VT_END(f);
}

vt_t waits_run(struct waits *all, const struct waits_kind *kinds,
               unsigned count) {
  struct schedule_frame f = {.all = all};
  schedule_begin(&all->schedule);
  all->kinds = kinds;
  all->kind_count = count;
  all->kind = &kinds[pick(all, count)];
  all->leaves = pick(all, 2);
  all->status = all->leaves ? UV_ECANCELED : UV_EPIPE;
  all->closed = 0;
  all->kind->open(all);
  return vt_start(&f, schedule_body);
}

bool waits_have_met_all(const void *world, char *text, size_t size) {
  const struct waits *all = world;
  for (unsigned i = 0; i < all->kind_count; i++)
    for (int j = 0; j < SETTINGS; j++)
      for (int k = 0; k < OUTCOMES; k++) {
        bool possible =
            k == TIMED_OUT ? j == TIMEOUT : k != LEFT || j != TIMEOUT;
        snprintf(text, size, "%s, %s, outcome %d", all->kinds[i].name,
                 setting_names[j], k);
        if (possible && all->met[i][j][k] == 0)
          return false;
      }
  return true;
}
