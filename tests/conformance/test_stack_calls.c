/* SPDX-License-Identifier: MIT */
/* What uses stack as calls do: continuations that await what has completed, and
 * nested starts. And what does not: VT_LATER. */
#include "links.h"

/* ---- helpers ---- */

#define LEVELS 100

/* How deep calls of one function are nested, and how far its deepest frame lies
 * from its first. */
struct depth {
  int now;
  int most;
  uintptr_t first;
  uintptr_t last;
};

static void enter(struct depth *d, const char *here) {
  if (d->now++ == 0)
    d->first = (uintptr_t)here;
  if (d->now <= d->most)
    return;
  d->most = d->now;
  d->last = (uintptr_t)here;
}

static void leave(struct depth *d) { d->now--; }

/* Continuations that await, again with themselves, what has completed: kind's
 * operation, or a result in hand without one. */
struct style {
  const struct source_kind *kind;
  union place place;
  struct depth depth;
  uint64_t left;
  unsigned flags;
};

static vt_t completed(struct style *s) {
  vt_t v;
  if (!s->kind)
    return vt_from_int(1);
  v = s->kind->begin(&s->place);
  s->kind->complete(&s->place, result_int(1));
  return v;
}

static void again_k(void *state, vt_result_t r) {
  struct style *s = state;
  char here = 0;
  enter(&s->depth, &here);
  if (s->kind)
    s->kind->end(&s->place);
  if (r.status == 0 && --s->left > 0)
    vt_await_with(completed(s), s->flags, again_k, s);
  leave(&s->depth);
}

static void await_again(struct style *s) {
  if (s->kind)
    s->kind->init(&s->place);
  vt_await_with(completed(s), s->flags, again_k, s);
}

static void run_later(struct narrow *n) {
  struct style s = {.kind = n->kind, .left = n->links, .flags = VT_LATER};
  await_again(&s);
  n->wrong += s.left != n->links;
  fixture_run(n->f);
  n->done = n->links - s.left;
  n->wrong += s.depth.most != 1;
}

/* Functions that start each other before they wait. */
struct nested_frame {
  vt_frame_t vt;
  struct nested *in;
};

struct nested {
  struct gate gate;
  struct depth depth;
  int left;
};

static vt_t nested_async(struct nested *in);

static vt_t nested_body(void *frame) {
  struct nested_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, f->in->left-- > 0 ? nested_async(f->in) : gate_begin(&f->in->gate));
  VT_END(f);
}

static vt_t nested_async(struct nested *in) {
  struct nested_frame f = {.in = in};
  char here = 0;
  vt_t v;
  enter(&in->depth, &here);
  v = vt_start(&f, nested_body);
  leave(&in->depth);
  return v;
}

/* What a sanitizer calls a local's address may be none of the stack. */
static void assert_as_calls(const struct depth *d, size_t bytes) {
  uintptr_t far = d->first > d->last ? d->first - d->last : d->last - d->first;
  assert_int_equal(d->most, LEVELS);
  assert_int_equal(d->now, 0);
#ifndef NARROW_SANITIZED
  assert_in_range(far, (LEVELS - 1) * bytes, LEVELS * (size_t)4096);
#else
  (void)far;
  (void)bytes;
#endif
}

static const struct source_kind *const kinds[] = {
    NULL, &links_own, &links_reset, &links_promise, &links_gate};

#define KINDS (sizeof kinds / sizeof *kinds)

/* ---- it works: as calls do ---- */

static void hits_chained_in_callback_style_are_calls(void **state) {
  (void)state;
  for (size_t i = 0; i < KINDS; i++) {
    struct style s = {.kind = kinds[i], .left = LEVELS};
    await_again(&s);
    assert_int_equal(s.left, 0); /* before vt_await returned */
    assert_as_calls(&s.depth, sizeof(void *));
  }
}

static void nested_starts_are_calls(void **state) {
  struct fixture *f = *state;
  struct nested in = {.left = LEVELS - 1};
  struct seen seen = {0};
  vt_await(nested_async(&in), seen_k, &seen);
  assert_as_calls(&in.depth, sizeof(struct nested_frame));
  gate_open(&in.gate, result_int(0));
  assert_true(fixture_run(f));
  assert_seen_status(&seen, 0);
  assert_int_equal(fixture_pending(f), 0);
}

/* ---- it works: not as calls ---- */

static void hits_awaited_later_keep_the_stack(void **state) {
  (void)state;
  narrow_assert_keeps(run_later, NULL, NARROW_LINKS);
}

static void what_completed_awaited_later_keeps_the_stack(void **state) {
  (void)state;
  for (size_t i = 1; i < KINDS; i++)
    narrow_assert_keeps(run_later, kinds[i], NARROW_DEEP);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(hits_chained_in_callback_style_are_calls),
      fixture_test(nested_starts_are_calls),
      cmocka_unit_test(hits_awaited_later_keep_the_stack),
      cmocka_unit_test(what_completed_awaited_later_keeps_the_stack),
  };
  return fixture_main("stack_calls", tests);
}
