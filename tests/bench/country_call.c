/* SPDX-License-Identifier: MIT */
/* The look-up of country_hit as a plain function. */
#include "country_hit.h"

const country_t *country_call(const struct country_dict *dict, int numeric) {
  return country_dict_by_numeric(dict, numeric);
}
