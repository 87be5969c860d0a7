/* SPDX-License-Identifier: MIT */
/* C#'s AsyncValueTaskMethodBuilderTests on async functions: one case a method,
 * named after it. methods.md lists both. Built three times: plain, with
 * VT_DEBUG, with VT_LABELS. */
#include "conformance/async_cases.h"

#define XX(name)                                                               \
  static void name(void **state) {                                             \
    const struct method m = {.f = *state, .start = start_on_stack};            \
    method_##name(&m);                                                         \
  }
ASYNC_METHODS(XX)
#undef XX

int main(void) {
#define XX(name) fixture_test(name),
  const struct CMUnitTest tests[] = {ASYNC_METHODS(XX)};
#undef XX
  return fixture_main("conformance/async_method", tests);
}
