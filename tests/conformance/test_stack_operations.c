/* SPDX-License-Identifier: MIT */
/* Ten million awaits of operations in a stack of 64 KiB, and a million of what
 * is completed later, by the ready queue alone. */
#include "links.h"

/* ---- it works ---- */

static void operations_that_complete_each_other(void **state) {
  (void)state;
  narrow_assert_keeps(links_run_rolling, &links_gate, NARROW_LINKS);
  narrow_assert_keeps(links_run_built, &links_gate, NARROW_DEEP);
}

static void operations_that_have_completed(void **state) {
  (void)state;
  narrow_assert_keeps(links_run_ready, &links_gate, NARROW_LINKS);
}

static void sources_that_complete_each_other_later(void **state) {
  (void)state;
  narrow_assert_keeps(links_run_rolling, &links_reset_later, NARROW_DEEP);
  narrow_assert_keeps(links_run_built, &links_reset_later, NARROW_DEEP);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(operations_that_complete_each_other),
      cmocka_unit_test(operations_that_have_completed),
      cmocka_unit_test(sources_that_complete_each_other_later),
  };
  return fixture_main("stack_operations", tests);
}
