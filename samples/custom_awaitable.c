/* SPDX-License-Identifier: MIT */
/* Shows: a source of your own, so that vt_await and async functions can wait
 * for anything: here a gate that a plain uv_timer_t opens.
 *
 * Usage: custom_awaitable
 * Try:   build/release/samples/custom_awaitable
 */
#include <stdio.h>
#include <vt.h>

/* ---- the source: some twenty lines ---- */

struct gate {
  vt_source_t source; /* first */
  bool open;
  vt_continuation_t waiter; /* who waits; zeroed: nobody does */
};

static int64_t gate_status(const vt_source_t *source, uint64_t token) {
  const struct gate *g = (const struct gate *)source;
  if (token != source->token)
    return VT_ESTALE;
  return g->open ? 0 : VT_PENDING;
}

static vt_result_t gate_result(vt_source_t *source, uint64_t token) {
  int64_t status = gate_status(source, token);
  return (vt_result_t){.status = status == VT_PENDING ? VT_EPENDING : status};
}

static int gate_on_completed(vt_source_t *source, uint64_t token,
                             const vt_continuation_t *c) {
  struct gate *g = (struct gate *)source;
  if (token != source->token)
    return VT_ESTALE;
  if (g->open)
    return VT_COMPLETED; /* "already done, go on": c is not kept */
  if (g->waiter.waiter)
    return VT_EAWAITED;
  g->waiter = *c;
  return 0;
}

/* ---- its user's side ---- */

static vt_t gate_init(struct gate *g) {
  static const vt_source_ops_t ops = {.kind = "gate",
                                      .status = gate_status,
                                      .result = gate_result,
                                      .on_completed = gate_on_completed};
  *g = (struct gate){.source = {.ops = &ops}};
  return vt_from_source(&g->source);
}

/* The continuation runs on the loop that awaits, now or from its queue. */
static void gate_open(struct gate *g) {
  vt_continuation_t waiter = g->waiter;
  g->waiter = (vt_continuation_t){.waiter = NULL};
  g->open = true;
  if (waiter.waiter)
    vt_resume(&waiter, (vt_result_t){.status = 0}); /* g is not touched again */
}

/* ---- in use ---- */

static void on_timer(uv_timer_t *timer) {
  printf("the timer opens the gate\n");
  gate_open(timer->data);
  uv_close((uv_handle_t *)timer, NULL);
}

static void on_pass(void *name, vt_result_t r) {
  printf("%s: %s\n", (const char *)name,
         r.status == 0 ? "passes" : vt_strerror(r.status));
}

static int run(uv_loop_t *uv, struct gate *g, uv_timer_t *timer) {
  vt_t v = gate_init(g);
  int rc = uv_timer_init(uv, timer);
  if (rc != 0)
    return rc;
  timer->data = g;
  rc = uv_timer_start(timer, on_timer, 10, 0);
  if (rc != 0) {
    uv_close((uv_handle_t *)timer, NULL);
    return rc;
  }
  vt_await(v, on_pass, "the first");
  vt_await(v, on_pass, "the second"); /* one at a time is this gate's rule */
  rc = uv_run(uv, UV_RUN_DEFAULT);
  vt_await(v, on_pass, "the third"); /* open: runs before vt_await returns */
  return rc;
}

int main(void) {
  uv_loop_t uv;
  uv_timer_t timer;
  struct gate gate;
  vt_loop_t *loop = NULL;
  int rc = uv_loop_init(&uv);
  if (rc != 0)
    return 1;
  rc = vt_loop_attach(&uv, &loop);
  if (rc == 0) {
    vt_loop_set_report(loop, vt_report_stderr, NULL);
    rc = run(&uv, &gate, &timer);
    int left = vt_loop_detach(loop, NULL);
    uv_run(&uv, UV_RUN_DEFAULT);
    rc = rc != 0 ? rc : left;
  }
  if (rc != 0)
    fprintf(stderr, "custom_awaitable: %s\n", vt_strerror(rc));
  return uv_loop_close(&uv) == 0 && rc == 0 ? 0 : 1;
}
