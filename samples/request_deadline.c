/* SPDX-License-Identifier: MIT */
/* Shows: a scope. A request asks three backends at once, within a deadline. The
 * first that fails cancels the others; whatever happens, each says goodbye to
 * its backend, and the request is over when all that it began is over.
 *
 * Usage: request_deadline
 * Try:   build/release/samples/request_deadline
 */
#include <stdio.h>
#include <vt.h>

enum { BACKENDS = 3, GOODBYE_MS = 10000 };

#define HOUR_MS 3600000u

/* What a backend will do: a delay stands for its network. */
struct backend {
  const char *name;
  uint64_t takes_ms;
  int fails; /* 0: it answers */
};

/* ---- one of the three ---- */

struct ask {
  vt_frame_t vt;
  const struct backend *backend;
  const char *outcome;
};

static vt_t ask_body(void *frame) {
  struct ask *f = frame;
  VT_BEGIN(f);
  f->outcome = "given up";
  VT_TRY(f, vt_delay(f->backend->takes_ms));
  f->outcome = f->backend->fails ? "failed" : "answered";
  VT_RETURN(f, f->backend->fails ? vt_failed(f->backend->fails) : vt_done());
  VT_FINALLY(f);
  VT_TRY(f, vt_delay(1)); /* the goodbye: no cancel reaches it */
  printf("  %s: %s, left with a goodbye\n", f->backend->name, f->outcome);
  VT_END(f);
}

/* ---- the request ---- */

struct request {
  vt_frame_t vt;
  const struct backend *backends;
  uint64_t within_ms;
  vt_scope_t *scope;
};

/* Begins all three; what is begun when one cannot be is cancelled. */
static void ask_all(const struct request *r) {
  int rc = 0;
  for (int i = 0; i < BACKENDS && rc == 0; i++) {
    struct ask ask = {.backend = &r->backends[i]};
    rc = vt_scope_start(r->scope, &ask, sizeof ask, ask_body);
  }
  if (rc != 0)
    vt_scope_cancel(r->scope, rc);
}

static vt_t request_body(void *frame) {
  struct request *f = frame;
  vt_scope_options_t options = {.timeout_ms = f->within_ms,
                                .cleanup_ms = GOODBYE_MS,
                                .flags = VT_SCOPE_FAIL_FAST};
  int rc;
  VT_BEGIN(f);
  rc = vt_scope_new(&options, &f->scope);
  if (rc != 0)
    VT_RETURN(f, vt_failed(rc));
  ask_all(f);
  VT_TRY(f, vt_scope_join(f->scope));
  VT_END(f);
}

/* ---- three requests, one after the other ---- */

static void request(vt_loop_t *loop, const char *what, uint64_t within_ms,
                    const struct backend backends[BACKENDS]) {
  struct request f = {.backends = backends, .within_ms = within_ms};
  printf("%s\n", what);
  vt_result_t r = vt_loop_run(loop, vt_start(&f, request_body));
  printf("  the request: %s\n",
         r.status == 0 ? "answered" : vt_strerror(r.status));
}

static void run(vt_loop_t *loop) {
  static const struct backend well[BACKENDS] = {
      {"users", 20, 0}, {"stock", 10, 0}, {"prices", 1, 0}};
  static const struct backend broken[BACKENDS] = {{"users", HOUR_MS, 0},
                                                  {"stock", 1, UV_ECONNREFUSED},
                                                  {"prices", HOUR_MS, 0}};
  static const struct backend slow[BACKENDS] = {
      {"users", 1, 0}, {"stock", HOUR_MS, 0}, {"prices", 10, 0}};
  request(loop, "all answer", HOUR_MS, well);
  request(loop, "one fails", HOUR_MS, broken);
  request(loop, "one is too slow", 50, slow);
}

int main(void) {
  uv_loop_t uv;
  vt_loop_t *loop = NULL;
  int rc = uv_loop_init(&uv);
  if (rc != 0)
    return 1;
  rc = vt_loop_attach(&uv, &loop);
  if (rc == 0) {
    vt_loop_set_report(loop, vt_report_stderr, NULL);
    run(loop);
    rc = vt_loop_detach(loop, NULL);
    uv_run(&uv, UV_RUN_DEFAULT);
  }
  if (rc != 0)
    fprintf(stderr, "request_deadline: %s\n", vt_strerror(rc));
  return uv_loop_close(&uv) == 0 && rc == 0 ? 0 : 1;
}
