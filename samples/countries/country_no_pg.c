/* SPDX-License-Identifier: MIT */
/* PostgreSQL where libpq was not there to build with. */
#include "country_store.h"

int country_store_open_pg(const char *url, country_store_t **out) {
  (void)url;
  (void)out;
  return UV_ENOSYS;
}
