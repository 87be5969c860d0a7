/* SPDX-License-Identifier: MIT */
/* Ten million awaits of users' sources and of resettable sources in a stack of
 * 64 KiB. */
#include "links.h"

/* ---- it works: each completion completes the next ---- */

static void users_sources_that_complete_each_other(void **state) {
  (void)state;
  narrow_assert_keeps(links_run_rolling, &links_own, NARROW_LINKS);
  narrow_assert_keeps(links_run_built, &links_own, NARROW_DEEP);
}

static void resettable_sources_that_complete_each_other(void **state) {
  (void)state;
  narrow_assert_keeps(links_run_rolling, &links_reset, NARROW_LINKS);
  narrow_assert_keeps(links_run_built, &links_reset, NARROW_DEEP);
}

/* ---- it works: each has completed when it is awaited ---- */

static void users_sources_that_have_completed(void **state) {
  (void)state;
  narrow_assert_keeps(links_run_ready, &links_own, NARROW_LINKS);
}

static void resettable_sources_that_have_completed(void **state) {
  (void)state;
  narrow_assert_keeps(links_run_ready, &links_reset, NARROW_LINKS);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(users_sources_that_complete_each_other),
      cmocka_unit_test(resettable_sources_that_complete_each_other),
      cmocka_unit_test(users_sources_that_have_completed),
      cmocka_unit_test(resettable_sources_that_have_completed),
  };
  return fixture_main("stack_sources", tests);
}
