/* SPDX-License-Identifier: MIT */
/* Chooses the kind of store by the database's name, and hands on. */
#include "country_store.h"

#include <ctype.h>
#include <string.h>

/* The length of "scheme:" in front of a name, or 0: a letter, then letters,
 * digits, '+', '-' and '.'. */
static size_t scheme_size(const char *db) {
  size_t n = 0;
  while (isalnum((unsigned char)db[n]) || (n && strchr("+-.", db[n]) && db[n]))
    n++;
  return n > 1 && isalpha((unsigned char)db[0]) && db[n] == ':' ? n + 1 : 0;
}

int country_store_open(const char *db, country_store_t **out) {
  size_t size = scheme_size(db);
  if (!vt_loop_current())
    return VT_ENOLOOP;
  if (size == 0 || strncmp(db, "sqlite:", size) == 0)
    return country_store_open_sqlite(db + size, out);
  if (strncmp(db, "postgresql://", 13) == 0 ||
      strncmp(db, "postgres://", 11) == 0)
    return country_store_open_pg(db, out);
  return UV_EPROTONOSUPPORT;
}

void country_store_close(country_store_t *store) {
  if (store)
    store->ops->close(store);
}

const char *country_store_error(const country_store_t *store) {
  return store->error;
}

vt_t country_store_load(country_store_t *store) {
  struct country_request request = {.act = COUNTRY_LOAD};
  return store->ops->run(store, &request);
}

vt_t country_store_check(country_store_t *store) {
  struct country_request request = {.act = COUNTRY_CHECK};
  return store->ops->run(store, &request);
}

vt_t country_store_import(country_store_t *store, const char *csv_path) {
  struct country_request request = {.act = COUNTRY_IMPORT,
                                    .csv_path = csv_path};
  return store->ops->run(store, &request);
}

vt_t country_store_write(country_store_t *store,
                         const struct country_change *change,
                         enum country_when when, struct country_found *found) {
  struct country_request request = {
      .act = COUNTRY_WRITE, .change = *change, .when = when, .found = found};
  return store->ops->run(store, &request);
}

vt_t country_store_remove(country_store_t *store, const int *numerics,
                          size_t count) {
  struct country_request request = {
      .act = COUNTRY_REMOVE, .numerics = numerics, .count = count};
  return store->ops->run(store, &request);
}

vt_t country_store_watch(country_store_t *store) {
  return store->ops->watch ? store->ops->watch(store) : vt_failed(UV_ENOTSUP);
}
