/* SPDX-License-Identifier: MIT */
/* A value of another type than the value task's. */
/* expect: incompatible */
#include <vt.h>

struct country {
  int numeric;
};
struct city {
  int numeric;
};

VT_DEFINE(country, const struct country *, p)

int numeric_of(vt_result_t r);

int numeric_of(vt_result_t r) {
#ifdef WRONG
  const struct city *c = country_value(r);
#else
  const struct country *c = country_value(r);
#endif
  return c->numeric;
}
