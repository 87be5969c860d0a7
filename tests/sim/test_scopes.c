/* SPDX-License-Identifier: MIT */
/* Races of scopes: made, entered, cancelled, timed out, failed and joined at
 * any moment, with members of every kind. Each join and each member ends once,
 * none is left when its scope is joined, a limit is kept, and what members take
 * is given back. */
#include "sim/schedule.h"
#include "support/tmp.h"

#include <stdio.h>
#include <unistd.h>

/* ---- the world ---- */

enum { SCOPES = 4, MEMBERS = 16, STEPS = 36, ALL_OVER_MS = 60, PERMITS = 2 };

enum kind {
  DELAY,
  WORK,
  READ,
  OPEN,
  TIMEOUT,
  ALL,
  MAP,
  RETRY,
  SEND,
  RECEIVE,
  FUNCTION,
  STRUCTURED,
  KINDS
};

struct place {
  struct world *world;
  vt_scope_t *scope; /* NULL: not made, or over */
  struct place *parent;
  vt_scope_options_t options;
  vt_t join;
  bool made, joining;
  int joined;     /* calls of the join's continuation */
  int64_t status; /* of the join */
  bool cancelled; /* by the schedule */
  int open;       /* members whose continuation has not run */
  size_t running; /* functions */
  int started, ended;
};

struct member {
  struct world *world;
  struct place *place;
  enum kind kind;
  vt_t v;
  int count; /* calls of its continuation */
  char buffer[8];
};

struct world {
  struct schedule schedule;
  struct place places[SCOPES];
  struct member members[MEMBERS];
  int begun;
  vt_semaphore_t permits;
  vt_channel_t *channel;
  int64_t items; /* sent and not received */
  uint64_t met_members[KINDS][2];
  uint64_t met_joins[4]; /* 0, cancelled, timed out, failed */
};

static int zero_file; /* of zeros without end */

static unsigned pick(struct world *w, unsigned n) {
  return schedule_pick(&w->schedule, n);
}

static void wrong(struct world *w, const char *rule) {
  schedule_wrong(&w->schedule, "scopes", rule);
}

/* ---- functions ---- */

struct work_frame {
  vt_frame_t vt;
  struct world *w;
  struct place *place; /* of vt_scope_start; else NULL */
  bool has;            /* a permit */
  bool fails;
};

static void run(struct work_frame *f) {
  struct place *p = f->place;
  if (!p)
    return;
  if (++p->running > p->options.limit && p->options.limit != 0)
    wrong(f->w, "more run than the limit");
}

static void end(struct work_frame *f) {
  if (f->has && vt_semaphore_release(&f->w->permits, 1) != 0)
    wrong(f->w, "a permit was not taken back");
  f->has = false;
  if (!f->place)
    return;
  f->place->running--;
  f->place->ended++;
}

static vt_t work_body(void *frame) {
  struct work_frame *f = frame;
  VT_BEGIN(f);
  run(f);
  VT_TRY(f, vt_semaphore_acquire_async(&f->w->permits, 1));
  f->has = true;
  VT_TRY(f, vt_delay(pick(f->w, 3)));
  if (f->fails)
    VT_TRY(f, vt_failed(UV_EIO));
  VT_TRY(f, vt_yield());
  VT_FINALLY(f);
  end(f);
  VT_TRY(f, vt_delay(pick(f->w, 3)));
  VT_TRY(f, vt_yield());
  VT_END(f);
}

/* In a cancelled scope a combinator is refused, and what it was to wait for
 * forgotten: there it must not fail, which would be reported. */
static vt_t work(struct world *w) {
  struct work_frame f = {.w = w, .fails = pick(w, 4) == 0};
  vt_scope_t *scope = vt_scope_current();
  f.fails &= !scope || vt_scope_status(scope) == 0;
  return vt_start(&f, work_body);
}

struct structured_frame {
  vt_frame_t vt;
  struct world *w;
  vt_scope_t *scope;
};

static void start_some(struct structured_frame *f) {
  struct work_frame inner = {.w = f->w};
  for (unsigned i = pick(f->w, 4); i-- > 0;) {
    inner.fails = pick(f->w, 4) == 0;
    if (vt_scope_start(f->scope, &inner, sizeof inner, work_body) != 0 &&
        vt_scope_status(f->scope) == 0)
      wrong(f->w, "not started");
  }
}

/* A function with a scope of its own, which ends before it does. */
static vt_t structured_body(void *frame) {
  struct structured_frame *f = frame;
  const vt_scope_options_t options = {.flags = VT_SCOPE_FAIL_FAST, .limit = 2};
  int rc;
  VT_BEGIN(f);
  rc = vt_scope_new(&options, &f->scope);
  if (rc != 0)
    VT_RETURN(f, vt_failed(rc));
  start_some(f);
  VT_RETURN(f, vt_scope_join(f->scope));
  VT_END(f);
}

/* ---- members ---- */

static vt_result_t do_work(void *arg) {
  (void)arg;
  return result_int(7);
}

static vt_t begin_mapped(void *arg, size_t index) {
  struct world *w = arg;
  return index == 1 ? work(w) : vt_delay(pick(w, 3));
}

static vt_t begin_attempt(void *arg, unsigned attempt) {
  (void)attempt;
  return work(arg);
}

static vt_t begin_some(struct world *w, enum kind kind) {
  const vt_map_t map = {.fn = begin_mapped, .arg = w, .limit = 2};
  const vt_retry_t retry = {
      .fn = begin_attempt, .arg = w, .first_ms = 1, .attempts = 3, .seed = 1};
  struct structured_frame f = {.w = w};
  if (kind == MAP)
    return vt_map_limit(&map, 3, NULL);
  if (kind == RETRY)
    return vt_retry(&retry);
  return kind == STRUCTURED ? vt_start(&f, structured_body) : work(w);
}

static vt_t begin_kind(struct world *w, struct member *m) {
  vt_value_t item = {.i = 1};
  switch (m->kind) {
  case DELAY:
    return vt_delay(1 + pick(w, 4));
  case WORK:
    return vt_work(do_work, m);
  case READ:
    return vt_fs_read(zero_file, m->buffer, sizeof m->buffer, 0);
  case OPEN:
    return vt_fs_open("/dev/null", UV_FS_O_RDONLY, 0);
  case TIMEOUT:
    return vt_with_timeout(work(w), pick(w, 4));
  case ALL:
    return VT_ALL(VT_FAIL_FAST, NULL, work(w), vt_work(do_work, m));
  case SEND:
    return vt_channel_send_async(w->channel, item);
  case RECEIVE:
    return vt_channel_receive_async(w->channel);
  default:
    return begin_some(w, m->kind);
  }
}

static void on_member(void *state, vt_result_t r) {
  struct member *m = state;
  struct world *w = m->world;
  m->count += 1 + schedule_is_planted(&w->schedule);
  m->place->open--;
  schedule_note(&w->schedule, (uint64_t)(m - w->members), r.status);
  w->met_members[m->kind][r.status != 0]++;
  if (m->kind == OPEN && r.status == 0)
    vt_forget(vt_fs_close((uv_file)r.value.i));
  if (r.status == 0)
    w->items += (m->kind == SEND) - (m->kind == RECEIVE);
}

static void check_refusal(struct member *m) {
  bool cancelled = vt_scope_status(m->place->scope) != 0;
  bool never_in_hand = m->kind == DELAY || m->kind == WORK;
  if (!never_in_hand || vt_in_hand(m->v) == cancelled)
    return;
  wrong(m->world, "begun in a cancelled scope, or refused in another");
}

static void begin_member(struct world *w, struct place *p) {
  if (!p->scope || w->begun == MEMBERS)
    return;
  struct member *m = &w->members[w->begun++];
  *m = (struct member){.world = w, .place = p};
  m->kind = (enum kind)pick(w, KINDS);
  p->open++;
  vt_scope_t *before = vt_scope_enter(p->scope);
  m->v = begin_kind(w, m);
  vt_scope_leave(before);
  check_refusal(m);
  vt_await(m->v, on_member, m);
}

static void start(struct world *w, struct place *p) {
  struct work_frame f = {.w = w, .place = p, .fails = pick(w, 4) == 0};
  if (!p->scope)
    return;
  bool cancelled = vt_scope_status(p->scope) != 0;
  int rc = vt_scope_start(p->scope, &f, sizeof f, work_body);
  p->started += rc == 0;
  if (rc != (cancelled ? UV_ECANCELED : 0))
    wrong(w, vt_err_name(rc));
}

/* ---- scopes ---- */

static void make(struct world *w, struct place *p, struct place *parent) {
  if (p->made || parent == p)
    return;
  p->options = (vt_scope_options_t){
      .timeout_ms = pick(w, 3) ? 0 : 1 + pick(w, 6),
      .cleanup_ms = pick(w, 2),
      .flags = pick(w, 2) ? VT_SCOPE_FAIL_FAST : 0,
      .limit = pick(w, 3),
  };
  vt_scope_t *before = vt_scope_enter(parent->scope);
  p->made = vt_scope_new(&p->options, &p->scope) == 0;
  p->parent = p->made && parent->scope ? parent : NULL;
  vt_scope_leave(before);
}

/* Something may have cancelled a scope above. */
static bool is_ended_from_above(const struct place *p) {
  bool may = false;
  for (p = p->parent; p; p = p->parent)
    may |= p->cancelled || p->options.timeout_ms != 0 || p->options.flags != 0;
  return may;
}

static bool may_end_with(const struct place *p, int64_t status) {
  switch (status) {
  case UV_ETIMEDOUT:
    return p->options.timeout_ms != 0;
  case UV_EIO:
    return p->started != 0;
  case UV_ECANCELED:
    return p->cancelled || is_ended_from_above(p);
  default:
    return status == 0;
  }
}

static void check_join(const struct place *p) {
  struct world *w = p->world;
  if (p->open != 0 || p->running != 0)
    wrong(w, "joined, and something of it goes on");
  for (int i = 0; i < SCOPES; i++)
    if (w->places[i].parent == p && w->places[i].joined != 1)
      wrong(w, "joined before its child");
  if (p->status == 0 && p->ended != p->started)
    wrong(w, "joined well, and a function never ran");
  if (!may_end_with(p, p->status))
    wrong(w, vt_err_name(p->status));
}

static void on_joined(void *state, vt_result_t r) {
  struct place *p = state;
  p->scope = NULL;
  p->joined++;
  p->status = r.status;
  schedule_note(&p->world->schedule, 100, r.status);
  p->world->met_joins[r.status == UV_ECANCELED   ? 1
                      : r.status == UV_ETIMEDOUT ? 2
                      : r.status != 0            ? 3
                                                 : 0]++;
  check_join(p);
}

static void join(struct place *p) {
  if (!p->scope || p->joining)
    return;
  p->joining = true;
  p->join = vt_scope_join(p->scope);
  vt_await(p->join, on_joined, p);
}

/* With a scope its children are cancelled, at once. */
static void check_children(const struct place *p) {
  struct world *w = p->world;
  for (const struct place *c = w->places; c < w->places + SCOPES; c++)
    if (c->parent == p && c->open != 0 && vt_scope_status(c->scope) == 0)
      wrong(w, "a child was not cancelled with its parent");
}

static void cancel(struct place *p) {
  if (!p->scope)
    return;
  bool was = vt_scope_status(p->scope) != 0;
  bool by_join = p->joining && pick(p->world, 2);
  int rc =
      by_join ? vt_cancel(p->join) : vt_scope_cancel(p->scope, UV_ECANCELED);
  p->cancelled |= rc == 0;
  if (rc == 0)
    check_children(p);
  if (!p->joining && rc != (was ? UV_EALREADY : 0))
    wrong(p->world, "not cancelled once");
}

/* ---- a schedule ---- */

static void step(struct world *w) {
  struct place *p = &w->places[pick(w, SCOPES)];
  unsigned i = pick(w, MEMBERS);
  switch (pick(w, 10)) {
  case 0:
  case 1:
    make(w, p, &w->places[pick(w, SCOPES)]);
    break;
  case 2:
    if (pick(w, 3) == 0)
      cancel(p);
    break;
  case 3:
    start(w, p);
    break;
  case 4:
    if ((int)i < w->begun)
      vt_cancel(w->members[i].v);
    break;
  case 5:
    if (pick(w, 2))
      join(p);
    break;
  default:
    begin_member(w, p);
  }
}

/* Room for the senders that are left, items for the receivers. */
static void settle(struct world *w) {
  vt_value_t item = {.i = 1};
  while (vt_channel_try_receive(w->channel, &item) == 0)
    w->items--;
  for (int i = 0; i < MEMBERS; i++)
    w->items += vt_channel_try_send(w->channel, item) == 0;
}

static void check_end(struct world *w) {
  vt_value_t item;
  for (int i = 0; i < w->begun; i++)
    if (w->members[i].count != 1)
      wrong(w, "a member did not end once");
  for (int i = 0; i < SCOPES; i++)
    if (w->places[i].joined != w->places[i].made)
      wrong(w, "a scope was not joined once");
  while (vt_channel_try_receive(w->channel, &item) == 0)
    w->items--;
  if (w->items != 0)
    wrong(w, "an item was lost, or came twice");
  if (vt_semaphore_available(&w->permits) != PERMITS)
    wrong(w, "a permit was lost, or there are too many");
  vt_channel_unref(w->channel);
  vt_semaphore_close(&w->permits, 0);
}

static vt_t open_world(struct world *w) {
  for (int i = 0; i < SCOPES; i++)
    w->places[i] = (struct place){.world = w};
  w->begun = 0;
  w->items = 0;
  vt_semaphore_init(&w->permits, PERMITS);
  return vt_from_result((vt_result_t){vt_channel_new(2, &w->channel), {0}});
}

struct schedule_frame {
  vt_frame_t vt;
  struct world *w;
  int i;
};

static vt_t schedule_body(void *frame) {
  struct schedule_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, open_world(f->w));
  for (f->i = 0; f->i < STEPS; f->i++) {
    step(f->w);
    VT_TRY(f, vt_delay(pick(f->w, 2)));
  }
  for (f->i = 0; f->i < SCOPES; f->i++)
    join(&f->w->places[f->i]);
  for (f->i = 0; f->i < MEMBERS; f->i++) {
    VT_TRY(f, vt_delay(ALL_OVER_MS));
    settle(f->w);
  }
  VT_TRY(f, vt_delay(ALL_OVER_MS));
  check_end(f->w);
  VT_RETURN(f, schedule_end(&f->w->schedule));
  VT_END(f);
}

static vt_t race(void *world) {
  struct schedule_frame f = {.w = world};
  schedule_begin(&f.w->schedule);
  return vt_start(&f, schedule_body);
}

/* ---- main ---- */

static bool has_met_all(const void *world, char *text, size_t size) {
  const struct world *w = world;
  for (int i = 0; i < 4; i++)
    if (w->met_joins[i] == 0) {
      snprintf(text, size, "join %d", i);
      return false;
    }
  for (int i = 0; i < 2 * KINDS; i++)
    if (w->met_members[i / 2][i % 2] == 0) {
      snprintf(text, size, "kind %d, failed %d", i / 2, i % 2);
      return false;
    }
  return true;
}

int main(int argc, char **argv) {
  static struct world world;
  const struct races races = {.name = "sim/scopes",
                              .world = &world,
                              .size = sizeof world,
                              .body = race,
                              .has_met_all = has_met_all,
                              .count = 10000};
  zero_file = tmp_fd();
  if (ftruncate(zero_file, sizeof world.members[0].buffer) != 0)
    return 1;
  int rc = schedule_main(argc, argv, &races);
  close(zero_file);
  return rc;
}
