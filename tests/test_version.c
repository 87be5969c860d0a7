/* SPDX-License-Identifier: MIT */
/* The version: of the headers, and of the library that runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <vt.h>

static void library_is_of_the_headers_version(void **state) {
  (void)state;
  assert_int_equal(vt_version(), VT_VERSION);
  assert_string_equal(vt_version_string(), VT_VERSION_STRING);
}

static void text_and_numbers_agree(void **state) {
  char text[32];
  (void)state;
  snprintf(text, sizeof text, "%d.%d.%d", VT_VERSION_MAJOR, VT_VERSION_MINOR,
           VT_VERSION_PATCH);
  assert_string_equal(VT_VERSION_STRING, text);
}

/* For #if VT_VERSION >= 0x000200. */
static void number_orders_as_versions_do(void **state) {
  (void)state;
  assert_int_equal(VT_VERSION >> 16, VT_VERSION_MAJOR);
  assert_int_equal(VT_VERSION >> 8 & 0xff, VT_VERSION_MINOR);
  assert_int_equal(VT_VERSION & 0xff, VT_VERSION_PATCH);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(library_is_of_the_headers_version),
      cmocka_unit_test(text_and_numbers_agree),
      cmocka_unit_test(number_orders_as_versions_do),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
