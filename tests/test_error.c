/* SPDX-License-Identifier: MIT */
/* Names and texts of statuses. */
#include "support/fixture.h"

#include <string.h>

struct misuse {
  int64_t status;
  const char *name;
};

static const struct misuse misuses[] = {
    {VT_ESTALE, "VT_ESTALE"},     {VT_EPENDING, "VT_EPENDING"},
    {VT_EAWAITED, "VT_EAWAITED"}, {VT_EDONE, "VT_EDONE"},
    {VT_ETHREAD, "VT_ETHREAD"},   {VT_ESTATUS, "VT_ESTATUS"},
    {VT_ENOLOOP, "VT_ENOLOOP"},   {VT_EDROPPED, "VT_EDROPPED"},
    {VT_ESTATE, "VT_ESTATE"}};

#define MISUSES (sizeof misuses / sizeof *misuses)

/* ---- it works ---- */

/* The numbers are of the ABI: -20001 downwards, in this order. */
static void each_misuse_has_its_number_and_name(void **state) {
  (void)state;
  for (size_t i = 0; i < MISUSES; i++) {
    assert_int_equal(misuses[i].status, -20001 - (int64_t)i);
    assert_string_equal(vt_err_name(misuses[i].status), misuses[i].name);
  }
}

static void each_misuse_has_its_own_text(void **state) {
  (void)state;
  for (size_t i = 0; i < MISUSES; i++) {
    const char *text = vt_strerror(misuses[i].status);
    assert_non_null(strchr(text, ' ')); /* words, not a name */
    for (size_t j = 0; j < i; j++)
      assert_string_not_equal(text, vt_strerror(misuses[j].status));
  }
}

static void libuvs_are_answered_too(void **state) {
#define XX(code, text) UV_##code,
  static const int codes[] = {UV_ERRNO_MAP(XX)};
#undef XX
#define XX(code, text) #code,
  static const char *const names[] = {UV_ERRNO_MAP(XX)};
#undef XX
#define XX(code, text) text,
  static const char *const texts[] = {UV_ERRNO_MAP(XX)};
#undef XX
  (void)state;
  for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
    assert_string_equal(vt_err_name(codes[i]), names[i]);
    assert_string_equal(vt_strerror(codes[i]), texts[i]);
  }
}

static void zero_is_ok(void **state) {
  (void)state;
  assert_string_equal(vt_err_name(0), "OK");
  assert_true(strlen(vt_strerror(0)) > 0);
}

static void texts_are_static(void **state) {
  (void)state;
  assert_ptr_equal(vt_err_name(VT_ESTALE), vt_err_name(VT_ESTALE));
  assert_ptr_equal(vt_strerror(UV_EIO), vt_strerror(UV_EIO));
  assert_ptr_equal(vt_err_name(-777777), vt_err_name(-888888));
}

/* ---- it fails ---- */

/* The last three are VT_ESTALE, UV_EIO and OK to one who looks at 32 bits. */
static void any_other_number_is_unknown(void **state) {
  static const int64_t numbers[] = {1,
                                    20001,
                                    -20000,
                                    -20010,
                                    -999999,
                                    INT32_MIN,
                                    INT64_MIN,
                                    INT64_MAX,
                                    VT_ESTALE - (1LL << 32),
                                    UV_EIO - (1LL << 32),
                                    -(1LL << 32)};
  uint64_t before = fixture_allocations();
  (void)state;
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    assert_string_equal(vt_err_name(numbers[i]), "UNKNOWN");
    assert_true(strlen(vt_strerror(numbers[i])) > 0);
  }
  assert_int_equal(fixture_allocations(), before);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_misuse_has_its_number_and_name),
      cmocka_unit_test(each_misuse_has_its_own_text),
      cmocka_unit_test(libuvs_are_answered_too),
      cmocka_unit_test(zero_is_ok),
      cmocka_unit_test(texts_are_static),
      cmocka_unit_test(any_other_number_is_unknown),
  };
  return fixture_main("error", tests);
}
