/* SPDX-License-Identifier: MIT */
/* Makes a database ready on a loop of its own, for a program that starts. */
#include "country_store.h"

struct prepare_frame {
  vt_frame_t vt;
  country_store_t *store;
  const char *csv_path;
};

static vt_t prepare_body(void *frame) {
  struct prepare_frame *f = frame;
  VT_BEGIN(f);
  if (f->csv_path)
    VT_TRY(f, country_store_import(f->store, f->csv_path));
  VT_TRY(f, country_store_check(f->store));
  VT_END(f);
}

/* Names are not told: they may have a password in them. */
static const char *why_not_opened(int status) {
  switch (status) {
  case UV_EPROTONOSUPPORT:
    return "not a kind of database that is known: sqlite:FILE or "
           "postgresql://...";
  case UV_ENOSYS:
    return "built without PostgreSQL, which needs libpq";
  case UV_EINVAL:
    return "not a good postgresql:// URL";
  default:
    return vt_strerror(status);
  }
}

static int prepare(vt_loop_t *loop, const char *db, const char *csv_path,
                   const struct country_error *e) {
  struct prepare_frame f = {.csv_path = csv_path};
  int status = country_store_open(db, &f.store);
  if (status != 0)
    return country_error_set(e, status, "%s", why_not_opened(status));
  country_store_t *store = f.store;
  vt_result_t r = vt_loop_run(loop, vt_start(&f, prepare_body));
  const char *why = country_store_error(store);
  if (r.status != 0)
    country_error_copy(e, *why ? why : vt_strerror(r.status));
  country_store_close(store);
  return (int)r.status;
}

int country_store_prepare(const char *db, const char *csv_path, char *error,
                          size_t size) {
  struct country_error e = {.text = error, .size = size, .path = "database"};
  uv_loop_t uv;
  vt_loop_t *loop;
  int status = uv_loop_init(&uv);
  if (status != 0)
    return country_error_set(&e, status, "%s", uv_strerror(status));
  status = vt_loop_attach(&uv, &loop);
  if (status == 0) {
    status = prepare(loop, db, csv_path, &e);
    uv_run(&uv, UV_RUN_DEFAULT); /* what is closing ends */
    vt_loop_detach(loop, NULL);
    uv_run(&uv, UV_RUN_DEFAULT);
  } else {
    country_error_set(&e, status, "%s", vt_strerror(status));
  }
  uv_loop_close(&uv);
  return status;
}
