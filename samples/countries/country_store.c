/* SPDX-License-Identifier: MIT */
/* Chooses the kind of store by the database's name, and hands on.
 *
 * A load is an operation of its own kind, as a dictionary that comes when
 * nobody takes it any more must be dropped. */
#include "country_store.h"

#include <ctype.h>
#include <stdlib.h>
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

/* ---- loading ---- */

struct load_op {
  vt_op_t op;
  vt_t run;
};

static int cancel_load(vt_op_t *op) {
  return vt_cancel(((struct load_op *)op)->run);
}

static void discard_dict(vt_op_t *op, vt_result_t late) {
  (void)op;
  country_dict_release(late.value.p);
}

static const vt_op_kind_t load_kind = {.ops = VT_OP_OPS("countries load"),
                                       .size = sizeof(struct load_op),
                                       .cancel = cancel_load,
                                       .discard = discard_dict};

vt_t country_store_load(country_store_t *store) {
  struct country_request request = {.act = COUNTRY_LOAD};
  struct load_op *l;
  int status = vt_op_begin(&load_kind, &l);
  if (status != 0)
    return vt_failed(status);
  l->run = store->ops->run(store, &request);
  if (vt_is_failed(l->run))
    return vt_op_started(l, (int)vt_status(l->run));
  vt_await(l->run, vt_op_complete, l);
  return vt_op_started(l, 0);
}

/* ---- the other requests ---- */

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

bool country_store_can_watch(const country_store_t *store) {
  return store->ops->watch != NULL;
}

vt_t country_store_look(country_store_t *store) {
  struct country_request request = {.act = COUNTRY_LOOK};
  return store->ops->watch ? vt_failed(UV_ENOTSUP)
                           : store->ops->run(store, &request);
}

vt_t country_store_watch(country_store_t *store) {
  return store->ops->watch ? store->ops->watch(store) : vt_failed(UV_ENOTSUP);
}

/* ---- requests under way ---- */

void *country_job_new(size_t size, const struct country_request *request) {
  struct country_job *job = calloc(1, size);
  if (!job)
    return NULL;
  job->request = country_request_copy(request);
  if (job->request)
    return job;
  free(job);
  return NULL;
}

void country_job_free(struct country_job *job) {
  if (!job)
    return;
  country_dict_release(job->dict);
  country_request_free(job->request);
  free(job);
}

vt_t country_job_give(struct country_job *job) {
  vt_t v = vt_from_ptr(job->dict);
  job->dict = NULL;
  return v;
}
