/* SPDX-License-Identifier: MIT */
/* Typed value tasks: VT_DEFINE with each member of the union. */
#include "support/fixture.h"

typedef struct country {
  int numeric;
} country_t;

VT_DEFINE(country, const country_t *, p)
VT_DEFINE(balance, int64_t, i)
VT_DEFINE(count, uint32_t, u)
VT_DEFINE(ratio, double, d)
VT_DEFINE(flag, bool, u)

_Static_assert(sizeof(country_vt_t) == sizeof(vt_t), "no cost");

/* ---- helpers ---- */

struct ratio_frame {
  vt_frame_t vt;
  double sum;
};

/* An async function awaits the member .vt. */
static vt_t ratio_body(void *frame) {
  struct ratio_frame *f = frame;
  vt_value_t value;
  VT_BEGIN(f);
  VT_TRY_VALUE(f, value, ratio_done(0.25).vt);
  f->sum += value.d;
  VT_TRY_VALUE(f, value, ratio_from(vt_yield()).vt);
  VT_RETURN(f, ratio_done(f->sum + value.d).vt);
  VT_END(f);
}

/* ---- it works ---- */

static void each_member_carries_its_type(void **state) {
  static const country_t germany = {276};
  (void)state;
  assert_ptr_equal(country_value(vt_get_result(country_done(&germany).vt)),
                   &germany);
  assert_null(country_value(vt_get_result(country_done(NULL).vt)));
  assert_int_equal(balance_value(vt_get_result(balance_done(INT64_MIN).vt)),
                   INT64_MIN);
  assert_int_equal(count_value(vt_get_result(count_done(UINT32_MAX).vt)),
                   UINT32_MAX);
  assert_true(ratio_value(vt_get_result(ratio_done(-2.5).vt)) == -2.5);
  assert_true(flag_value(vt_get_result(flag_done(true).vt)));
  assert_false(flag_value(vt_get_result(flag_done(false).vt)));
}

static void failed_and_from_keep_the_value_task(void **state) {
  (void)state;
  assert_status(vt_status(country_failed(UV_ENOENT).vt), UV_ENOENT);
  assert_status(vt_status(ratio_failed(3).vt), VT_ESTATUS);
  assert_true(vt_equal(country_from(vt_failed(-9)).vt, vt_failed(-9)));
  assert_true(vt_equal(count_from(vt_from_uint(4)).vt, count_done(4).vt));
}

static void a_continuation_gets_the_value(void **state) {
  static const country_t france = {250};
  struct seen seen = {0};
  (void)state;
  vt_await(country_done(&france).vt, seen_k, &seen);
  assert_int_equal(seen.count, 1);
  assert_int_equal(country_value(seen.result)->numeric, 250);
}

static void an_async_function_awaits_the_member(void **state) {
  struct fixture *f = *state;
  struct ratio_frame frame = {.sum = 1.0};
  vt_result_t r = vt_loop_run(f->vt, vt_start(&frame, ratio_body));
  assert_status(r.status, 0);
  assert_true(ratio_value(r) == 1.25);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_member_carries_its_type),
      cmocka_unit_test(failed_and_from_keep_the_value_task),
      fixture_test(a_continuation_gets_the_value),
      fixture_test(an_async_function_awaits_the_member),
  };
  return fixture_main("typed", tests);
}
