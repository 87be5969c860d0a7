/* SPDX-License-Identifier: MIT */
/* Random bytes. The pool has one thread here. */
#include "support/fault.h"
#include "support/fixture.h"
#include "support/plug.h"

#include <stdio.h>

/* ---- helpers ---- */

static size_t count_zeros(const unsigned char *bytes, size_t size) {
  size_t zeros = 0;
  for (size_t i = 0; i < size; i++)
    zeros += bytes[i] == 0;
  return zeros;
}

static void note_subject(void *text, const vt_loop_entry_t *entry) {
  snprintf(text, 64, "%s, %s", entry->kind, entry->subject);
}

/* ---- it works ---- */

static void uv_random_completes(void **state) {
  struct fixture *f = *state;
  unsigned char bytes[4096] = {0};
  assert_status(vt_loop_run(f->vt, vt_random(bytes, 4000, 0)).status, 0);
  assert_true(count_zeros(bytes, 4000) < 100); /* 16 are likely */
  assert_int_equal(count_zeros(bytes + 4000, 96), 96);
}

static void uv_random_fails(void **state) {
  struct fixture *f = *state;
  char byte = 0;
  assert_status(vt_status(vt_random(NULL, 1, 0)), UV_EINVAL);
  assert_status(vt_status(vt_random(&byte, 1, 1)), UV_EINVAL);
  assert_status(vt_status(vt_random(&byte, (size_t)INT32_MAX + 1, 0)),
                UV_E2BIG);
  assert_int_equal(fixture_pending(f), 0);
}

static void uv_random_is_cancelled(void **state) {
  struct fixture *f = *state;
  unsigned char bytes[64] = {0};
  struct seen seen = {0};
  struct plug plug;
  plug_in(&plug, &f->uv);
  vt_t v = vt_random(bytes, sizeof bytes, 0);
  vt_await(v, seen_k, &seen);
  assert_int_equal(vt_cancel(v), 0);
  plug_out(&plug);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, UV_ECANCELED);
  assert_int_equal(count_zeros(bytes, sizeof bytes), sizeof bytes);
}

static void cancelled_too_late_it_completes(void **state) {
  struct fixture *f = *state;
  unsigned char bytes[64] = {0};
  struct seen seen = {0};
  struct plug plug;
  vt_t v = vt_random(bytes, sizeof bytes, 0);
  vt_await(v, seen_k, &seen);
  plug_drain(&plug, &f->uv);
  assert_int_equal(vt_cancel(v), UV_EBUSY);
  assert_int_equal(seen.count, 0);
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 0);
}

static void no_bytes_are_enough(void **state) {
  struct fixture *f = *state;
  char byte = 7;
  assert_status(vt_loop_run(f->vt, vt_random(&byte, 0, 0)).status, 0);
  assert_int_equal(byte, 7);
}

static void the_walk_shows_the_size(void **state) {
  struct fixture *f = *state;
  char bytes[12], text[64] = "";
  vt_t v = vt_random(bytes, sizeof bytes, 0);
  vt_loop_walk(f->vt, note_subject, text);
  assert_string_equal(text, "random, 12 bytes");
  assert_status(vt_loop_run(f->vt, v).status, 0);
}

static void allocates_nothing_after_warm_up(void **state) {
  struct fixture *f = *state;
  uint64_t words[50], before = 0;
  struct seen seen = {0};
  for (int round = 0; round < 3; round++) {
    if (round == 1)
      before = fixture_allocations();
    for (int i = 0; i < 50; i++)
      vt_await(vt_random(&words[i], sizeof words[i], 0), seen_k, &seen);
    assert_true(fixture_run(f));
  }
  assert_int_equal(seen.count, 150);
  assert_int_equal(fixture_allocations(), before);
}

/* ---- it fails ---- */

static void without_a_loop_is_enoloop(void **state) {
  char byte;
  (void)state;
  assert_status(vt_status(vt_random(&byte, 1, 0)), VT_ENOLOOP);
}

static const char *random_scenario(uint64_t n, enum fault_mode mode) {
  struct fixture f;
  char byte;
  const char *problem = fixture_open(&f);
  if (problem)
    return problem;
  fault_arm(n, mode);
  vt_t v = vt_random(&byte, 1, 0);
  bool refused = vt_in_hand(v);
  vt_result_t r = vt_loop_run(f.vt, v);
  fault_disarm();
  if (r.status != (refused ? UV_ENOMEM : 0))
    return "neither refused nor done";
  return fixture_close(&f);
}

static void without_memory_it_is_refused(void **state) {
  (void)state;
  assert_int_equal(fault_install(), 0);
  const char *problem = fault_walk(random_scenario);
  if (problem)
    fail_msg("%s", problem);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(uv_random_completes),
      fixture_test(uv_random_fails),
      fixture_test(uv_random_is_cancelled),
      fixture_test(cancelled_too_late_it_completes),
      fixture_test(no_bytes_are_enough),
      fixture_test(the_walk_shows_the_size),
      fixture_test(allocates_nothing_after_warm_up),
      cmocka_unit_test(without_a_loop_is_enoloop),
      cmocka_unit_test(without_memory_it_is_refused),
  };
  plug_prepare();
  return fixture_main("random", tests);
}
