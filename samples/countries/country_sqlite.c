/* SPDX-License-Identifier: MIT */
/* The store over SQLite: each request is a piece of work on libuv's pool, with
 * a connection of its own. A request is copied, and holds the store. Writers go
 * one by one, in the order of the calls: side by side they would only hold the
 * pool's few threads while they wait for SQLite's lock. */
#include "country_db.h"
#include "country_look.h"
#include "country_store.h"

#include <stdlib.h>
#include <string.h>

struct sqlite_store {
  country_store_t public; /* first */
  size_t users;           /* requests under way, and the one who opened */
  vt_mutex_t writing;
  struct country_look look;
  char path[];
};

/* All that the worker thread sees. */
struct job {
  struct country_job job;     /* first */
  struct sqlite_store *store; /* only its path and look */
  char error[COUNTRY_DB_ERROR_SIZE];
};

static void leave(struct sqlite_store *s) {
  if (--s->users != 0)
    return;
  vt_mutex_close(&s->writing, UV_ECANCELED);
  country_look_close(&s->look);
  free(s);
}

static int do_load(struct job *job) {
  struct country_look *look = &job->store->look;
  const char *path = job->store->path;
  int64_t version = country_look_version(look, path);
  int status = country_db_load(path, &job->job.dict);
  if (status == 0)
    country_look_was_read(look, version);
  else
    snprintf(job->error, sizeof job->error, "%s: %s", path,
             vt_strerror(status));
  return status;
}

static vt_result_t run_job(void *arg) {
  struct job *job = arg;
  const char *path = job->store->path;
  vt_result_t r = {0, {0}};
  switch (job->job.request->act) {
  case COUNTRY_LOAD:
    r.status = do_load(job);
    break;
  case COUNTRY_CHECK:
    r.status = country_db_check(path, job->error, sizeof job->error);
    break;
  case COUNTRY_LOOK:
    r.value.u = country_look_has_changed(&job->store->look, path);
    break;
  case COUNTRY_IMPORT:
    r.status = country_db_import(path, job->job.request->csv_path, job->error,
                                 sizeof job->error);
    break;
  case COUNTRY_WRITE:
  case COUNTRY_REMOVE:
    r.status = country_db_change(path, job->job.request, job->error,
                                 sizeof job->error, &r.value.u);
    break;
  }
  return r;
}

static struct job *new_job(struct sqlite_store *s,
                           const struct country_request *request) {
  struct job *job = country_job_new(sizeof *job, request);
  if (!job)
    return NULL;
  job->store = s;
  s->users++;
  return job;
}

static void end_job(struct job *job) {
  if (!job)
    return;
  if (job->error[0])
    memcpy(job->store->public.error, job->error, sizeof job->error);
  leave(job->store);
  country_job_free(&job->job);
}

struct run_frame {
  vt_frame_t vt;
  struct sqlite_store *store;
  const struct country_request *request; /* gone after the first await */
  struct job *job;
  vt_result_t r;
  bool locked;
};

static bool is_writer(const struct job *job) {
  enum country_act act = job->job.request->act;
  return act != COUNTRY_LOAD && act != COUNTRY_CHECK && act != COUNTRY_LOOK;
}

static vt_t run_body(void *frame) {
  struct run_frame *f = frame;
  VT_BEGIN(f);
  f->job = new_job(f->store, f->request);
  if (!f->job)
    VT_RETURN(f, vt_failed(UV_ENOMEM));
  if (is_writer(f->job)) {
    VT_TRY(f, vt_mutex_lock_async(&f->store->writing));
    f->locked = true;
  }
  VT_AWAIT(f, f->r, vt_work(run_job, f->job));
  if (f->r.status == 0 && f->job->job.dict)
    VT_RETURN(f, country_job_give(&f->job->job));
  VT_RETURN(f, vt_from_result(f->r));
  VT_FINALLY(f);
  if (f->locked)
    vt_mutex_unlock(&f->store->writing);
  end_job(f->job);
  VT_END(f);
}

/* Boxed, so that waiting needs no memory: the worker never outlives its job. */
static vt_t run(country_store_t *store, const struct country_request *request) {
  struct run_frame f = {.store = (struct sqlite_store *)store,
                        .request = request};
  return vt_start_boxed(&f, sizeof f, run_body);
}

static void close_store(country_store_t *store) {
  leave((struct sqlite_store *)store);
}

int country_store_open_sqlite(const char *path, country_store_t **out) {
  static const struct country_store_ops ops = {run, NULL, close_store};
  size_t size = strlen(path) + 1;
  struct sqlite_store *s = calloc(1, sizeof *s + size);
  if (!s)
    return UV_ENOMEM;
  int status = country_look_init(&s->look);
  if (status != 0) {
    free(s);
    return status;
  }
  s->public.ops = &ops;
  s->users = 1;
  vt_mutex_init(&s->writing); /* always 0 */
  memcpy(s->path, path, size);
  *out = &s->public;
  return 0;
}
