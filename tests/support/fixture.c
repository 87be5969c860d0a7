/* SPDX-License-Identifier: MIT */
/* The fixture of the tests. */
#include "support/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A run that takes this long hangs, on a busy machine too. */
#define WATCHDOG_MS 240000

/* ---- reports ---- */

static void collect(void *arg, const vt_report_t *report) {
  struct fixture *f = arg;
  struct fixture_report *r;
  if (report->kind == VT_REPORT_MISUSE) {
    f->misuse_count++;
    r = &f->misuse;
  } else if (f->report_count++ < FIXTURE_REPORTS) {
    r = &f->reports[f->report_count - 1];
  } else {
    return;
  }
  r->kind = report->kind;
  r->status = report->status;
  snprintf(r->what, sizeof r->what, "%s", report->what);
  snprintf(r->subject, sizeof r->subject, "%s", report->subject);
  r->has_file = report->file != NULL;
  r->line = report->line;
  vt_report_text(report, r->text, sizeof r->text);
}

const struct fixture_report *fixture_take_report(struct fixture *f,
                                                 vt_report_kind_t kind) {
  static _Thread_local struct fixture_report taken;
  size_t kept =
      f->report_count < FIXTURE_REPORTS ? f->report_count : FIXTURE_REPORTS;
  for (size_t i = 0; i < kept; i++) {
    if (f->reports[i].kind != kind)
      continue;
    taken = f->reports[i];
    memmove(&f->reports[i], &f->reports[i + 1],
            (kept - i - 1) * sizeof f->reports[0]);
    f->report_count--;
    return &taken;
  }
  return NULL;
}

/* ---- problems, as text ---- */

static void tell(struct fixture *f, const char *text, const char *detail) {
  size_t used = strlen(f->problem);
  snprintf(f->problem + used, sizeof f->problem - used, "%s%s%s",
           used ? "; " : "", text, detail);
}

static void tell_entry(void *arg, const vt_loop_entry_t *entry) {
  char text[128];
  snprintf(text, sizeof text, "%s '%s'%s%s", entry->kind, entry->subject,
           entry->completed ? " completed" : "",
           entry->awaited ? " awaited" : "");
  tell(arg, "left: ", text);
}

static void tell_handle(uv_handle_t *handle, void *arg) {
  tell(arg, "open handle: ", uv_handle_type_name(handle->type));
}

static void tell_reports(struct fixture *f) {
  for (size_t i = 0; i < f->report_count && i < FIXTURE_REPORTS; i++)
    tell(f, "unexpected report: ", f->reports[i].text);
}

static void tell_blocks(struct fixture *f) {
  char text[96];
  vt_alloc_stats_t now;
  vt_alloc_stats(&now);
  if (f->beside || now.blocks == f->blocks)
    return;
  snprintf(text, sizeof text, "%llu before, %llu after",
           (unsigned long long)f->blocks, (unsigned long long)now.blocks);
  tell(f, "blocks: ", text);
}

/* ---- runs ---- */

static void on_watchdog(uv_timer_t *timer) {
  struct fixture *f = (struct fixture *)timer->loop;
  f->timed_out = true;
  uv_stop(timer->loop);
}

/* What was waited for may come before the poll, which would then sleep. */
static void on_prepare(uv_prepare_t *prepare) {
  struct fixture *f = (struct fixture *)prepare->loop;
  if (*f->count >= f->target)
    uv_stop(prepare->loop);
}

static void watch(struct fixture *f) {
  f->timed_out = false;
  uv_update_time(&f->uv);
  uv_timer_start(&f->watchdog, on_watchdog, WATCHDOG_MS, 0);
  uv_unref((uv_handle_t *)&f->watchdog);
}

bool fixture_run(struct fixture *f) {
  int more;
  watch(f);
  do
    more = uv_run(&f->uv, UV_RUN_DEFAULT);
  while (more && !f->timed_out);
  uv_timer_stop(&f->watchdog);
  return !f->timed_out;
}

bool fixture_run_until(struct fixture *f, const int *count, int target) {
  int more = 1;
  f->count = count;
  f->target = target;
  watch(f);
  uv_prepare_start(&f->prepare, on_prepare);
  uv_unref((uv_handle_t *)&f->prepare);
  while (*count < target && more && !f->timed_out)
    more = uv_run(&f->uv, UV_RUN_ONCE);
  uv_prepare_stop(&f->prepare);
  uv_timer_stop(&f->watchdog);
  return *count >= target;
}

void fixture_turn(struct fixture *f) { uv_run(&f->uv, UV_RUN_NOWAIT); }

/* ---- open and close ---- */

static void on_detached(struct uv_loop_s *uv) {
  ((struct fixture *)uv)->detached++;
}

void fixture_set_hot(struct fixture *f) {
  vt_fs_set_hot(f->vt, !getenv("VT_TEST_COLD"));
}

const char *fixture_open(struct fixture *f) {
  vt_alloc_stats_t now;
  int rc;
  memset(f, 0, sizeof *f);
  vt_alloc_stats(&now);
  f->blocks = now.blocks;
  if (uv_loop_init(&f->uv) != 0)
    return "uv_loop_init failed";
  uv_timer_init(&f->uv, &f->watchdog);
  uv_prepare_init(&f->uv, &f->prepare);
  rc = vt_loop_attach(&f->uv, &f->vt);
  if (rc != 0) {
    tell(f, "vt_loop_attach: ", vt_err_name(rc));
    return f->problem;
  }
  vt_loop_set_report(f->vt, collect, f);
  fixture_set_hot(f);
  return NULL;
}

const char *fixture_open_beside(struct fixture *f) {
  const char *problem = fixture_open(f);
  f->beside = true;
  return problem;
}

int fixture_detach(struct fixture *f) {
  int rc = vt_loop_detach(f->vt, on_detached);
  if (rc != 0)
    return rc;
  f->vt = NULL;
  fixture_run_until(f, &f->detached, 1);
  return 0;
}

const char *fixture_close(struct fixture *f) {
  int rc = f->vt ? fixture_detach(f) : 0;
  if (rc != 0) {
    tell(f, "vt_loop_detach: ", vt_err_name(rc));
    vt_loop_walk(f->vt, tell_entry, f);
  } else if (f->detached != 1) {
    tell(f, "the detach callback did not run once", "");
  }
  uv_close((uv_handle_t *)&f->watchdog, NULL);
  uv_close((uv_handle_t *)&f->prepare, NULL);
  if (rc == 0) {
    uv_run(&f->uv, UV_RUN_NOWAIT);
    if (uv_loop_close(&f->uv) != 0) {
      tell(f, "uv_loop_close: EBUSY", "");
      uv_walk(&f->uv, tell_handle, f);
    }
    tell_blocks(f);
  }
  tell_reports(f);
  return f->problem[0] ? f->problem : NULL;
}

int fixture_setup(void **state) {
  struct fixture *f = calloc(1, sizeof *f);
  const char *problem = f ? fixture_open(f) : "no memory";
  *state = f;
  if (problem)
    print_error("fixture: %s\n", problem);
  return problem ? -1 : 0;
}

int fixture_teardown(void **state) {
  struct fixture *f = *state;
  const char *problem = fixture_close(f);
  if (problem) {
    /* The fixture is left alone: what is still attached may point into it. */
    print_error("fixture: %s\n", problem);
    return -1;
  }
  free(f);
  return 0;
}

void fixture_select(void) {
  const char *pattern = getenv("VT_CASE");
  if (pattern)
    cmocka_set_test_filter(pattern);
}

/* ---- counts ---- */

uint64_t fixture_pending(const struct fixture *f) {
  vt_loop_stats_t stats;
  vt_loop_stats(f->vt, &stats);
  return stats.pending;
}

uint64_t fixture_allocations(void) {
  vt_alloc_stats_t stats;
  vt_alloc_stats(&stats);
  return stats.calls;
}

/* ---- continuations, threads, results ---- */

vt_promise_t *fixture_promise(unsigned flags) {
  vt_promise_t *promise = NULL;
  int rc = vt_promise_new(flags, &promise);
  assert_int_equal(rc, 0);
  return promise;
}

void seen_k(void *state, vt_result_t result) {
  struct seen *seen = state;
  seen->count++;
  seen->result = result;
  seen->thread = uv_thread_self();
}

void fixture_on_thread(void (*fn)(void *), void *arg, size_t stack_size) {
  uv_thread_options_t options = {.flags = UV_THREAD_NO_FLAGS};
  uv_thread_t thread;
  int rc;
  if (stack_size > 0) {
    options.flags = UV_THREAD_HAS_STACK_SIZE;
    options.stack_size = stack_size;
  }
  rc = uv_thread_create_ex(&thread, &options, fn, arg);
  assert_int_equal(rc, 0);
  uv_thread_join(&thread);
}

vt_result_t result_failed(int64_t status) {
  vt_result_t r = {.status = status};
  return r;
}

vt_result_t result_int(int64_t value) {
  vt_result_t r = {.status = 0, .value.i = value};
  return r;
}

/* ---- asserts ---- */

static const char *status_name(int64_t status) {
  return status == VT_PENDING ? "VT_PENDING" : vt_err_name(status);
}

void fixture_assert_status(int64_t actual, int64_t expected, const char *file,
                           int line) {
  if (actual == expected)
    return;
  print_error("status %lld (%s), expected %lld (%s)\n", (long long)actual,
              status_name(actual), (long long)expected, status_name(expected));
  _fail(file, line);
}

void fixture_assert_seen(const struct seen *seen, int64_t status, int64_t value,
                         const char *file, int line) {
  if (seen->count != 1) {
    print_error("the continuation ran %d times, not once\n", seen->count);
    _fail(file, line);
  }
  fixture_assert_status(seen->result.status, status, file, line);
  if (status == 0)
    _assert_int_equal((LargestIntegralType)seen->result.value.i,
                      (LargestIntegralType)value, file, line);
}

void fixture_assert_report(struct fixture *f, vt_report_kind_t kind,
                           int64_t status, const char *file, int line) {
  const struct fixture_report *r = fixture_take_report(f, kind);
  if (!r) {
    print_error("no report of kind %d\n", (int)kind);
    _fail(file, line);
    return;
  }
  fixture_assert_status(r->status, status, file, line);
}
