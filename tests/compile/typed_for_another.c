/* SPDX-License-Identifier: MIT */
/* A value task of one type where another is wanted. */
/* expect: incompatible|could not convert|cannot convert|no viable|no matching */
/* also: c++ */
#include <vt.h>

VT_DEFINE(country, const char *, p)
VT_DEFINE(balance, int64_t, i)

country_vt_t get_country(int code);
balance_vt_t get_balance(int code);

country_vt_t get_country(int code) {
#ifdef WRONG
  return get_balance(code);
#else
  return country_from(get_balance(code).vt);
#endif
}
