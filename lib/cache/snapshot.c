/* SPDX-License-Identifier: MIT */
/* Snapshots.
 *
 * Happy path: the first get begins the load and waits for it, as do all who
 * come meanwhile. The completed load becomes the current version, and those who
 * wait are handed it by the ready queue. A get is then in hand until the clock
 * passes until, which is 0 whenever a get has more to do.
 *
 * Invariant: somebody waits in the list of now only while a load is under way,
 * in the other only while that one is spoiled or cancelled. A version's memory
 * is taken before its load begins, so that a completion needs none.
 *
 * What can go wrong: a waiter leaves (the list is told, and the load may be
 * cancelled); an invalidate or a close while the load runs, or is being called
 * (it is spoiled, and answers who waits); a result that nobody takes (its wait
 * gives the version back). No continuation runs inside: all are queued. */
#include "cache/snapshot.h"

#include "base/alloc.h"

static vt__snapshot_t *snapshot_of(const vt_snapshot_t *s) {
  return (vt__snapshot_t *)(uintptr_t)s;
}

static void settle(vt__snapshot_t *s);

/* ---- versions ---- */

static void version_release(vt__retired_t *node) {
  vt__version_t *v = (vt__version_t *)(void *)node;
  if (v->drop)
    v->drop(v->arg, v->owned);
  vt__free(v);
}

static void version_unref(vt__version_t *v) {
  if (--v->count == 0)
    vt__retire(v->loop, &v->retired, version_release);
}

/* A version without its value, counted once. */
static vt__version_t *version_new(const vt__snapshot_t *s) {
  vt__version_t *v = vt__malloc(sizeof *v);
  if (!v)
    return NULL;
  v->loop = s->loop;
  v->count = 1;
  v->drop = s->options.drop;
  v->arg = s->options.arg;
  return v;
}

static void version_set(vt__version_t *v, const vt__snapshot_t *s,
                        void *owned) {
  uint64_t until, stale_until;
  v->owned = owned;
  v->value = s->back ? s->back->open(owned, &until, &stale_until) : owned;
}

static void give_up(vt__snapshot_t *s) {
  vt__version_t *v = s->version;
  s->version = NULL;
  s->public.until = 0;
  if (v)
    version_unref(v);
}

static uint64_t now_of(const vt__snapshot_t *s) {
  return vt__loop_now(s->loop);
}

/* A moment that far from now; 0: never. */
static uint64_t in_ms(const vt__snapshot_t *s, uint64_t ms) {
  uint64_t now = now_of(s);
  return ms == 0 || ms > UINT64_MAX - now ? UINT64_MAX : now + ms;
}

static void set_times(vt__snapshot_t *s) {
  s->public.until = in_ms(s, s->options.ttl_ms);
  s->stale_until = s->public.until + s->options.stale_ms;
  if (s->stale_until < s->public.until)
    s->stale_until = UINT64_MAX;
}

/* Makes v current; counts it. */
static void install(vt__snapshot_t *s, vt__version_t *v) {
  give_up(s);
  v->count++;
  s->version = v;
  s->public.value = v->value;
  if (s->back)
    s->back->open(v->owned, &s->public.until, &s->stale_until);
  else
    set_times(s);
  s->stale = false;
  s->failed = 0;
}

static bool is_served(const vt__snapshot_t *s) {
  return s->version && now_of(s) < s->stale_until;
}

/* ---- waits ---- */

/* The snapshot that the list is one of. */
static vt__snapshot_t *owner_of(vt_wait_list_t *list) {
  return VT__WAIT_OWNER(list, struct vt__waiting, list)->owner;
}

static void cancel_load(vt__snapshot_t *s) {
  if (s->calling || !s->loading || s->cancelled)
    return;
  s->cancelled = vt_cancel(s->load) == 0;
}

static vt_wait_list_t *list_now(vt__snapshot_t *s) {
  return &s->waiting[s->now].list;
}

static vt_wait_list_t *list_next(vt__snapshot_t *s) {
  return &s->waiting[!s->now].list;
}

static size_t waiting(vt__snapshot_t *s) {
  return list_now(s)->count + list_next(s)->count;
}

static void on_left(vt_wait_list_t *list) {
  vt__snapshot_t *s = owner_of(list);
  if (s->options.flags & VT_SNAPSHOT_CANCEL && list == list_now(s) &&
      vt__wait_list_is_empty(list) && !s->background)
    cancel_load(s);
  settle(s);
}

static void on_taken(vt_wait_list_t *list, vt__wait_t *wait) {
  version_unref(wait->about.p);
  settle(owner_of(list));
}

static const vt__wait_rule_t rule = {.ops = VT__WAIT_OPS_TAKEN("snapshot"),
                                     .left = on_left,
                                     .give_back = on_taken,
                                     .taken = on_taken};

static vt_t enlist(vt__snapshot_t *s, vt_wait_list_t *list) {
  vt_value_t none = {0};
  if (s->options.max_waiters != 0 && list->count >= s->options.max_waiters)
    return vt_failed(UV_EBUSY);
  return vt__wait_enlist(list, &rule, none);
}

/* Tells all in the list; nothing runs inside. */
static void tell_all(vt_wait_list_t *list, vt__version_t *v) {
  vt_result_t result = {0, {.p = v->value}};
  vt__wait_t *w;
  while ((w = vt__wait_first(list))) {
    v->count++;
    w->about.p = v;
    vt__wait_hand(w, result);
  }
}

/* ---- the load ---- */

static void count_load(vt__snapshot_t *s, int64_t status) {
  s->stats.load_ns_last = vt__loop_fresh_ns() - s->begun_ns;
  s->stats.load_ns += s->stats.load_ns_last;
  s->stats.failures += status != 0;
}

/* The old version stays, and the next load waits; or the failure is kept. */
static void note_failure(vt__snapshot_t *s, int64_t status) {
  uint64_t until = s->options.fail_ms ? in_ms(s, s->options.fail_ms) : 0;
  if (s->version) {
    if (s->stale)
      s->public.until = until < s->stale_until ? until : s->stale_until;
    s->stale = false;
    return;
  }
  if (s->spoiled || until == 0 || status == UV_ECANCELED || status == UV_ENOMEM)
    return;
  s->failed = status;
  s->failed_until = until;
}

/* The load is over: its value is there before those who wait go on. Returns
 * what it gives to who began it, borrowed as from a get. */
static vt_t finish(vt__snapshot_t *s, vt_result_t result) {
  vt__version_t *v = s->spare;
  vt_wait_list_t *list = list_now(s);
  s->loading = false;
  s->now = !s->now;
  count_load(s, result.status);
  if (result.status != 0) {
    note_failure(s, result.status);
    vt__free(v);
    vt__wait_list_end(list, result);
    return vt_failed(result.status);
  }
  version_set(v, s, result.value.p);
  if (!s->spoiled)
    install(s, v);
  tell_all(list, v);
  version_unref(v);
  return vt_from_ptr(v->value);
}

static vt_t begin(vt__snapshot_t *s, bool background);

/* Those who came too late for a load that was spoiled have one of theirs. */
static void begin_next(vt__snapshot_t *s) {
  while (!s->loading && !vt__wait_list_is_empty(list_now(s))) {
    vt_t v = begin(s, false);
    if (!s->loading && vt_status_in_hand(v) != 0)
      vt__wait_list_end(list_now(s), vt_get_result(v));
  }
}

static void on_loaded(void *state, vt_result_t result) {
  vt__snapshot_t *s = state;
  finish(s, result);
  begin_next(s);
  settle(s);
}

/* The load is for all: a cancel of one caller's scope must not end it. */
static vt_t call(vt__snapshot_t *s) {
  vt_scope_t *before = s->loop->scope;
  s->loop->scope = NULL;
  s->calling = true;
  vt_t v = s->options.load(s->options.arg);
  s->calling = false;
  s->loop->scope = before;
  return v;
}

bool vt__load_await(vt_t v, vt_continuation_fn *k, void *state,
                    vt_result_t *out) {
  int rc = vt_in_hand(v) ? VT_COMPLETED : vt_on_completed(v, 0, k, state);
  if (rc == 0)
    return true;
  *out = rc == VT_COMPLETED ? vt_get_result(v) : vt__wait_status(rc);
  if (rc == UV_ENOMEM) {
    vt_cancel(v);
    vt_forget(v);
  }
  return false;
}

/* Begins a load: pending, or what it gave at once. Nobody joins it before it is
 * there; it may have ended when this returns. */
static vt_t begin(vt__snapshot_t *s, bool background) {
  if (!s->options.load)
    return vt_failed(UV_ENOENT);
  s->spare = version_new(s);
  if (!s->spare)
    return vt_failed(UV_ENOMEM);
  s->loading = true;
  s->spoiled = s->cancelled = false;
  s->background = background;
  s->load = vt_done();
  s->stats.loads++;
  s->begun_ns = vt__loop_fresh_ns();
  vt_t v = call(s);
  vt_result_t result;
  s->load = v;
  if (!vt__load_await(v, on_loaded, s, &result))
    return finish(s, result);
  if (s->closed && !(s->options.flags & VT_SNAPSHOT_DRAIN))
    cancel_load(s);
  return v;
}

/* ---- getting ---- */

/* The load's result, joined or begun. */
static vt_t wait_for_load(vt__snapshot_t *s, bool refresh) {
  if (s->loading)
    return enlist(s, s->spoiled || s->cancelled ? list_next(s) : list_now(s));
  s->refreshing = refresh;
  vt_t v = begin(s, false);
  s->refreshing = false;
  if (s->loading && !s->closed)
    v = enlist(s, list_now(s));
  else if (s->closed)
    v = vt_failed(UV_ECANCELED);
  begin_next(s);
  settle(s);
  return v;
}

/* The old value, for which a new one is loaded. */
static vt_t serve_stale(vt__snapshot_t *s) {
  vt_t v = vt_from_ptr(s->public.value);
  s->public.hits++;
  if (s->loading)
    return v;
  s->public.until = s->stale_until;
  s->stale = true;
  vt_t begun = begin(s, true);
  if (!s->loading && vt_status_in_hand(begun) != 0)
    note_failure(s, vt_status_in_hand(begun));
  begin_next(s);
  settle(s);
  return v;
}

vt_t vt__snapshot_get(vt_snapshot_t *public) {
  vt__snapshot_t *s = snapshot_of(public);
  int rc = vt__loop_check(s->loop);
  if (rc != 0 || s->closed)
    return vt_failed(rc != 0 ? rc : UV_ECANCELED);
  if (is_served(s))
    return serve_stale(s);
  give_up(s);
  if (s->failed != 0 && now_of(s) < s->failed_until) {
    s->public.hits++;
    return vt_failed(s->failed);
  }
  s->stats.misses++;
  return wait_for_load(s, false);
}

const void *vt_snapshot_peek(const vt_snapshot_t *public) {
  const vt__snapshot_t *s = snapshot_of(public);
  if (!s || vt__loop_check(s->loop) != 0)
    return NULL;
  return is_served(s) ? public->value : NULL;
}

vt_t vt_snapshot_refresh_async(vt_snapshot_t *public) {
  vt__snapshot_t *s = snapshot_of(public);
  int rc = s ? vt__loop_check(s->loop) : UV_EINVAL;
  if (rc != 0 || s->closed)
    return vt_failed(rc != 0 ? rc : UV_ECANCELED);
  return wait_for_load(s, true);
}

bool vt__snapshot_is_here(const vt_snapshot_t *s) {
  return snapshot_of(s)->loop == vt__current;
}

/* ---- changing ---- */

int vt__snapshot_put(vt__snapshot_t *s, void *owned) {
  vt__version_t *v = s->closed ? NULL : version_new(s);
  if (!v) {
    if (s->options.drop)
      s->options.drop(s->options.arg, owned);
    return s->closed ? UV_ECANCELED : UV_ENOMEM;
  }
  version_set(v, s, owned);
  s->spoiled = true;
  install(s, v);
  version_unref(v);
  return 0;
}

int vt_snapshot_put(vt_snapshot_t *public, void *value) {
  vt__snapshot_t *s = snapshot_of(public);
  int rc = s ? vt__loop_check(s->loop) : UV_EINVAL;
  if (rc != 0)
    return rc;
  return s->back ? s->back->put(s, value) : vt__snapshot_put(s, value);
}

void vt__snapshot_forget(vt__snapshot_t *s) {
  s->spoiled = true;
  s->failed = 0;
  give_up(s);
}

int vt_snapshot_invalidate(vt_snapshot_t *public) {
  vt__snapshot_t *s = snapshot_of(public);
  int rc = s ? vt__loop_check(s->loop) : UV_EINVAL;
  if (rc != 0)
    return rc;
  s->stats.invalidations++;
  if (s->back)
    return s->back->invalidate(s);
  vt__snapshot_forget(s);
  return 0;
}

void vt_snapshot_stats(const vt_snapshot_t *public, vt_snapshot_stats_t *out) {
  vt__snapshot_t *s = snapshot_of(public);
  *out = s->stats;
  out->hits = public->hits;
  out->waiting = waiting(s);
}

/* ---- life ---- */

int vt__snapshot_check(const vt_snapshot_options_t *options) {
  const unsigned flags = VT_SNAPSHOT_CANCEL | VT_SNAPSHOT_DRAIN;
  return options && !(options->flags & ~flags) ? 0 : UV_EINVAL;
}

void vt__snapshot_init(vt__snapshot_t *s, const vt_snapshot_options_t *options,
                       const vt__snapshot_back_t *back) {
  s->loop = vt__current;
  s->options = *options;
  s->back = back;
  s->public.clock = s->loop->clock;
  s->load = vt_done();
  for (int i = 0; i < 2; i++) {
    vt__wait_list_init(&s->waiting[i].list);
    s->waiting[i].owner = s;
  }
}

int vt_snapshot_new(const vt_snapshot_options_t *options, vt_snapshot_t **out) {
  if (!out || vt__snapshot_check(options) != 0)
    return UV_EINVAL;
  if (!vt__current)
    return VT_ENOLOOP;
  vt__snapshot_t *s = vt__calloc(1, sizeof *s);
  if (!s)
    return UV_ENOMEM;
  vt__snapshot_init(s, options, NULL);
  *out = &s->public;
  return 0;
}

static void snapshot_release(vt__retired_t *node) {
  vt__snapshot_t *s = VT__WAIT_OWNER(node, vt__snapshot_t, retired);
  if (s->back)
    s->back->release(s);
  else
    vt__free(s);
}

/* Ends a closed snapshot as far as nothing of it is under way. */
static void settle(vt__snapshot_t *s) {
  vt_result_t done = {0, {0}};
  vt_op_t *closer = s->closer;
  if (!s->closed || s->loading || s->over)
    return;
  bool ends = s->back && !s->ended;
  s->ended = true;
  if (ends)
    s->back->close(s);
  s->over = waiting(s) == 0;
  s->closer = NULL;
  if (s->over)
    vt__retire(s->loop, &s->retired, snapshot_release);
  if (closer)
    vt_op_complete(closer, done);
}

static const vt_op_kind_t close_kind = {.ops = VT_OP_OPS("snapshot close"),
                                        .size = sizeof(vt_op_t)};

static void end_all(vt__snapshot_t *s) {
  bool drains = s->options.flags & VT_SNAPSHOT_DRAIN;
  s->closed = s->spoiled = true;
  give_up(s);
  vt__wait_list_end(list_next(s), vt__wait_status(UV_ECANCELED));
  if (drains)
    return;
  vt__wait_list_end(list_now(s), vt__wait_status(UV_ECANCELED));
  cancel_load(s);
}

vt_t vt_snapshot_close_async(vt_snapshot_t *public) {
  vt__snapshot_t *s = snapshot_of(public);
  int rc = s ? vt__loop_check(s->loop) : 0;
  if (!s || rc != 0)
    return rc == 0 ? vt_done() : vt_failed(rc);
  end_all(s);
  if (!s->loading) {
    settle(s);
    return vt_done();
  }
  vt_op_t *closer = NULL;
  rc = vt__op_begin_shielded(&close_kind, &closer);
  if (rc != 0)
    return vt_failed(rc);
  s->closer = closer;
  return vt_op_started(closer, 0);
}
