/* SPDX-License-Identifier: MIT */
/* The store over PostgreSQL: requests, one after the other, on a connection
 * that is made when the first one needs it, and again when the server was away.
 * */
#include "country_pg.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUEST_MS 10000

#define SELECT_ALL                                                             \
  "SELECT numeric, alpha_2, alpha_3, name, official_name, flag"                \
  " FROM country ORDER BY numeric"
/* Readers go on; writers wait for each other. "Done" is to mean on the disk. */
#define SQL_BEGIN                                                              \
  "BEGIN; LOCK TABLE country IN SHARE ROW EXCLUSIVE MODE;"                     \
  "SELECT set_config('synchronous_commit', 'on', true)"                        \
  " WHERE current_setting('synchronous_commit') = 'off'"
#define SQL_LOOK                                                               \
  "SELECT EXISTS (SELECT FROM country WHERE numeric = $1::integer),"           \
  " EXISTS (SELECT FROM country WHERE numeric <> $1::integer"                  \
  " AND (alpha_2 = nullif($2::text, '') OR alpha_3 = nullif($3::text, '')))"
#define SQL_NAME "SELECT name FROM country WHERE numeric = $1::integer"
/* Without ON CONFLICT, which asks for a key that a foreign table may not have.
 */
#define SQL_INSERT                                                             \
  "INSERT INTO country"                                                        \
  " (numeric, alpha_2, alpha_3, name, official_name, flag)"                    \
  " VALUES ($1::integer, coalesce($2::text, ''), coalesce($3::text, ''),"      \
  " coalesce($4::text, ''), coalesce($5::text, ''), coalesce($6::text, ''))"
#define SQL_UPDATE                                                             \
  "UPDATE country AS c SET"                                                    \
  " alpha_2 = coalesce($2::text, c.alpha_2),"                                  \
  " alpha_3 = coalesce($3::text, c.alpha_3),"                                  \
  " name = coalesce($4::text, c.name),"                                        \
  " official_name = coalesce($5::text, c.official_name),"                      \
  " flag = coalesce($6::text, c.flag)"                                         \
  " WHERE c.numeric = $1::integer"
#define SQL_REMOVE "DELETE FROM country WHERE numeric = ANY ($1::integer[])"

/* ---- reading ---- */

static int64_t number_of(const char *text) {
  char *end;
  errno = 0;
  long long number = strtoll(text, &end, 10);
  return errno || end == text || *end ? -1 : number;
}

static int add_row(const PGresult *rows, int i, struct country_build *b,
                   const struct country_error *e) {
  const char *texts[COUNTRY_TEXTS];
  for (int n = 0; n < COUNTRY_TEXTS; n++)
    texts[n] = PQgetvalue(rows, i, n + 1);
  const char *numeric = PQgetvalue(rows, i, 0);
  int status = country_build_add(b, number_of(numeric), texts);
  if (status == UV_EINVAL)
    return country_error_set(
        e, status, "a country has a number that it cannot have: %s", numeric);
  return status;
}

/* On the pool: a large table takes its time. */
static vt_result_t build_on_pool(void *arg) {
  struct pg_job *job = arg;
  struct pg *pg = &job->store->pg;
  struct country_build b;
  int count = PQntuples(pg->result);
  vt_result_t r = {0, {0}};
  country_build_init(&b);
  for (int i = 0; i < count && r.status == 0; i++)
    r.status = add_row(pg->result, i, &b, &pg->error);
  if (r.status == 0)
    r.status = country_build_finish(&b, &job->job.dict);
  country_build_close(&b);
  return r;
}

struct act_frame {
  vt_frame_t vt;
  struct pg_job *job;
  struct pg *pg;
  bool is_new, is_taken;
  uint64_t removed;
};

static vt_t load_body(void *frame) {
  struct act_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, pg_query(f->pg, SELECT_ALL, NULL, 0));
  f->job->begun = true;
  VT_TRY(f, vt_work(build_on_pool, f->job));
  if (f->job->job.request->act == COUNTRY_CHECK)
    VT_RETURN(f, vt_done());
  VT_RETURN(f, country_job_give(&f->job->job));
  VT_END(f);
}

/* ---- writing ---- */

static int refuse(const struct pg *pg, int status, const char *why) {
  return country_error_set(&pg->error, status, "%s", why);
}

/* A statement with the first count parameters of the change. */
static vt_t query_change(struct pg_job *job, const char *sql, size_t count) {
  const struct country_change *change = &job->job.request->change;
  const char *params[COUNTRY_TEXTS + 1];
  char numeric[16];
  snprintf(numeric, sizeof numeric, "%d", change->numeric);
  params[0] = numeric;
  memcpy(params + 1, change->texts, sizeof change->texts);
  return pg_query(&job->store->pg, sql, params, count);
}

static bool is_true(const struct pg *pg, int column) {
  return strcmp(PQgetvalue(pg->result, 0, column), "t") == 0;
}

static int keep_name(const struct pg_job *job) {
  return country_found_name(job->job.request->found,
                            PQgetvalue(job->store->pg.result, 0, 0));
}

static vt_t write_body(void *frame) {
  struct act_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, pg_query(f->pg, SQL_BEGIN, NULL, 0));
  f->job->begun = true;
  VT_TRY(f, query_change(f->job, SQL_LOOK, 3));
  f->is_new = !is_true(f->pg, 0);
  f->is_taken = is_true(f->pg, 1);
  if (!f->is_new && f->job->job.request->found) {
    VT_TRY(f, query_change(f->job, SQL_NAME, 1));
    if (keep_name(f->job) != 0)
      VT_RETURN(f, vt_failed(UV_ENOMEM));
  }
  if (!country_found_lets(f->job->job.request->found, f->job->job.request->when,
                          !f->is_new))
    VT_RETURN(f, vt_done());
  if (f->is_new && !f->job->job.request->change.texts[COUNTRY_NAME])
    VT_RETURN(
        f, vt_failed(refuse(f->pg, UV_EINVAL, "a new country needs a name")));
  if (f->is_taken)
    VT_RETURN(
        f, vt_failed(refuse(f->pg, UV_EEXIST, "another country has the code")));
  VT_TRY(f, query_change(f->job, f->is_new ? SQL_INSERT : SQL_UPDATE,
                         COUNTRY_TEXTS + 1));
  VT_TRY(f, pg_query(f->pg, "COMMIT", NULL, 0));
  VT_RETURN(f, vt_from_uint(f->is_new));
  VT_END(f);
}

static vt_t query_remove(struct pg_job *job) {
  const struct country_request *r = job->job.request;
  size_t size = 3 + 12 * r->count, used = 1;
  char *list = malloc(size);
  if (!list)
    return vt_failed(UV_ENOMEM);
  list[0] = '{';
  for (size_t i = 0; i < r->count; i++)
    used += (size_t)snprintf(list + used, size - used, i ? ",%d" : "%d",
                             r->numerics[i]);
  memcpy(list + used, "}", 2);
  const char *const params[] = {list};
  vt_t v = pg_query(&job->store->pg, SQL_REMOVE, params, 1);
  free(list);
  return v;
}

static vt_t remove_body(void *frame) {
  struct act_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, pg_query(f->pg, SQL_BEGIN, NULL, 0));
  f->job->begun = true;
  VT_TRY(f, query_remove(f->job));
  f->removed = strtoull(PQcmdTuples(f->pg->result), NULL, 10);
  VT_TRY(f, pg_query(f->pg, "COMMIT", NULL, 0));
  VT_RETURN(f, vt_from_uint(f->removed));
  VT_END(f);
}

/* ---- requests ---- */

static vt_t act(struct pg_job *job) {
  struct act_frame f = {.job = job, .pg = &job->store->pg};
  switch (job->job.request->act) {
  case COUNTRY_IMPORT:
    return country_pg_import(job);
  case COUNTRY_WRITE:
    return vt_start_boxed(&f, sizeof f, write_body);
  case COUNTRY_REMOVE:
    return vt_start_boxed(&f, sizeof f, remove_body);
  default:
    return vt_start_boxed(&f, sizeof f, load_body);
  }
}

static struct pg_job *new_job(struct pg_store *s,
                              const struct country_request *request) {
  struct pg_job *job = country_job_new(sizeof *job, request);
  if (!job)
    return NULL;
  job->store = s;
  s->users++;
  return job;
}

static void end_job(struct pg_job *job) {
  if (!job)
    return;
  for (size_t i = 0; i < COUNTRY_TEXTS + 1; i++)
    free(job->arrays[i]);
  pg_store_leave(job->store);
  country_job_free(&job->job);
}

struct run_frame {
  vt_frame_t vt;
  struct pg_store *store;
  const struct country_request *request; /* gone after the first await */
  struct pg_job *job;
  vt_result_t r;
  bool locked;
};

static vt_t run_body(void *frame) {
  struct run_frame *f = frame;
  VT_BEGIN(f);
  f->job = new_job(f->store, f->request);
  if (!f->job)
    VT_RETURN(f, vt_failed(UV_ENOMEM));
  VT_TRY(f, vt_mutex_lock_async(&f->store->lane));
  f->locked = true;
  f->store->pg.deadline_ms = vt_deadline_in(REQUEST_MS);
  VT_TRY(f, pg_connect(&f->store->pg));
  VT_AWAIT(f, f->r, act(f->job));
  if (f->r.status == UV_ECONNRESET && !f->job->begun) {
    VT_TRY(f, pg_connect(&f->store->pg)); /* it was lost while it was idle */
    VT_RETURN(f, act(f->job));
  }
  VT_RETURN(f, vt_from_result(f->r));
  VT_FINALLY(f);
  if (f->locked) {
    VT_AWAIT(f, f->r, pg_settle(&f->store->pg));
    if (f->r.status != 0)
      pg_disconnect(&f->store->pg);
    vt_mutex_unlock(&f->store->lane);
  }
  end_job(f->job);
  VT_END(f);
}

static vt_t run(country_store_t *store, const struct country_request *request) {
  struct run_frame f = {.store = (struct pg_store *)store, .request = request};
  bool writes = request->act == COUNTRY_WRITE;
  const char *wrong = writes ? country_change_check(&request->change) : NULL;
  if (wrong)
    return vt_failed(refuse(&f.store->pg, UV_EINVAL, wrong));
  return vt_start_boxed(&f, sizeof f, run_body);
}

/* ---- opening and closing ---- */

void pg_store_leave(struct pg_store *s) {
  if (--s->users != 0)
    return;
  pg_disconnect(&s->pg);
  pg_disconnect(&s->listener);
  vt_mutex_close(&s->lane, UV_ECANCELED);
  free(s);
}

static void close_store(country_store_t *store) {
  pg_store_leave((struct pg_store *)store);
}

static const char *option(const PQconninfoOption *options, const char *word) {
  for (; options->keyword; options++)
    if (strcmp(options->keyword, word) == 0)
      return options->val ? options->val : "";
  return "";
}

/* What the URL names, without user and password. UV_EINVAL: it is none. */
static int name_it(struct pg_store *s) {
  char *message = NULL;
  PQconninfoOption *options = PQconninfoParse(s->url, &message);
  int status = message ? UV_EINVAL : UV_ENOMEM;
  PQfreemem(message);
  if (!options)
    return status;
  const char *port = option(options, "port");
  snprintf(s->name, sizeof s->name, "postgresql://%s%s%s/%s",
           option(options, "host"), *port ? ":" : "", port,
           option(options, "dbname"));
  PQconninfoFree(options);
  return 0;
}

int country_store_open_pg(const char *url, country_store_t **out) {
  static const struct country_store_ops ops = {run, country_pg_watch,
                                               close_store};
  size_t size = strlen(url) + 1;
  struct pg_store *s = calloc(1, sizeof *s + size);
  if (!s)
    return UV_ENOMEM;
  memcpy(s->url, url, size);
  int status = name_it(s);
  if (status != 0) {
    free(s);
    return status;
  }
  s->public.ops = &ops;
  s->users = 1;
  vt_mutex_init(&s->lane); /* always 0 */
  s->pg.url = s->url;
  s->pg.error =
      (struct country_error){s->public.error, sizeof s->public.error, s->name};
  s->listener = s->pg;
  *out = &s->public;
  return 0;
}
