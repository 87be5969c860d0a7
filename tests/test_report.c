/* SPDX-License-Identifier: MIT */
/* Seeing what happens: reports and their sentences, walk, counters. */
#include "support/fixture.h"
#include "support/gate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- helpers ---- */

static const vt_report_kind_t kinds[] = {
    VT_REPORT_NEVER_AWAITED, VT_REPORT_UNOBSERVED, VT_REPORT_FORGOTTEN,
    VT_REPORT_DROPPED,       VT_REPORT_LEFT,       VT_REPORT_MISUSE};

#define KINDS (sizeof kinds / sizeof *kinds)

static char *text_of(vt_report_t report, char *text, size_t size) {
  return vt_report_text(&report, text, size);
}

static void count_report(void *arg, const vt_report_t *report) {
  (void)report;
  ++*(int *)arg;
}

/* The entries of a walk, by kind. */
struct walked {
  int count;
  int delays, gates, functions;
  int completed, awaited;
  int with_file;
  int about_bottom;
  uint64_t age_ms;  /* of the delay */
  char subject[32]; /* of the last gate */
};

static void walk_entry(void *arg, const vt_loop_entry_t *entry) {
  struct walked *w = arg;
  w->count++;
  if (strcmp(entry->kind, "delay") == 0) {
    w->delays++;
    w->age_ms = entry->age_ms;
  }
  if (strcmp(entry->kind, "gate") == 0) {
    w->gates++;
    strncpy(w->subject, entry->subject, sizeof w->subject - 1);
  }
  w->functions += strcmp(entry->kind, "async function") == 0;
  w->about_bottom += strcmp(entry->subject, "the bottom") == 0;
  w->completed += entry->completed;
  w->awaited += entry->awaited;
  w->with_file += entry->file != NULL;
}

static void walk_youngest(void *arg, const vt_loop_entry_t *entry) {
  uint64_t *youngest = arg;
  if (entry->age_ms < *youngest)
    *youngest = entry->age_ms;
}

static struct walked walk(struct fixture *f) {
  struct walked w = {0};
  vt_loop_walk(f->vt, walk_entry, &w);
  return w;
}

static vt_loop_stats_t stats_of(struct fixture *f) {
  vt_loop_stats_t stats;
  vt_loop_stats(f->vt, &stats);
  return stats;
}

struct wait_frame {
  vt_frame_t vt;
  vt_t v;
};

static vt_t wait_body(void *frame) {
  struct wait_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, f->v);
  VT_END(f);
}

/* ---- it works: sentences ---- */

static void the_sentence_names_line_and_remedy(void **state) {
  char text[256];
  (void)state;
  text_of((vt_report_t){.kind = VT_REPORT_NEVER_AWAITED,
                        .what = "delay",
                        .subject = "",
                        .file = "app.c",
                        .line = 12},
          text, sizeof text);
  assert_string_equal(text, "vt: value task made at app.c:12 was never awaited "
                            "(use vt_await or vt_forget) [delay]");
}

static void each_kind_has_its_own_sentence(void **state) {
  char text[KINDS][256];
  (void)state;
  for (size_t i = 0; i < KINDS; i++) {
    const char *what = i % 2 ? "fs_read" : "fs_write";
    const char *subject = i % 2 ? "/the/file" : "/other/path";
    text_of((vt_report_t){.kind = kinds[i],
                          .status = UV_ENOENT,
                          .what = what,
                          .subject = subject},
            text[i], sizeof text[i]);
    assert_ptr_equal(strstr(text[i], "vt: "), text[i]);
    assert_null(strchr(text[i], '\n'));
    assert_null(strstr(text[i], "null"));
    assert_non_null(strstr(text[i], what));
    assert_non_null(strstr(text[i], subject));
    for (size_t j = 0; j < i; j++)
      assert_string_not_equal(text[i], text[j]);
  }
}

static void a_misuse_names_its_lines(void **state) {
  static const struct {
    int64_t status;
    const char *first_file;
    const char *sentence;
  } cases[] = {
      {VT_EAWAITED, "b.c",
       "vt: value task made at a.c:1 was awaited again at c.c:3; its first "
       "await was at b.c:2 [delay]"},
      {VT_EAWAITED, NULL,
       "vt: value task made at a.c:1 was awaited again at c.c:3 [delay]"},
      {VT_ESTALE, "b.c",
       "vt: value task made at a.c:1 was awaited again at c.c:3; its first "
       "await was at b.c:2 [delay]"},
      {VT_ESTALE, NULL,
       "vt: value task made at a.c:1 was stale when it was awaited at c.c:3 "
       "[delay]"},
      {VT_EPENDING, NULL,
       "vt: value task made at a.c:1 was taken before it completed at c.c:3 "
       "[delay]"},
  };
  char text[256];
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    text_of((vt_report_t){.kind = VT_REPORT_MISUSE,
                          .status = cases[i].status,
                          .what = "delay",
                          .subject = "",
                          .file = "a.c",
                          .line = 1,
                          .used_file = "c.c",
                          .used_line = 3,
                          .first_file = cases[i].first_file,
                          .first_line = 2},
            text, sizeof text);
    assert_string_equal(text, cases[i].sentence);
  }
}

static void a_failure_is_named(void **state) {
  char text[256];
  (void)state;
  for (size_t i = 1; i <= 2; i++) { /* unobserved, forgotten */
    text_of((vt_report_t){.kind = kinds[i],
                          .status = UV_ENOENT,
                          .what = "task",
                          .subject = ""},
            text, sizeof text);
    assert_true(strstr(text, "ENOENT") || strstr(text, uv_strerror(UV_ENOENT)));
  }
}

static void an_unknown_kind_is_worded_too(void **state) {
  char text[256] = "unwritten";
  (void)state;
  text_of((vt_report_t){.kind = (vt_report_kind_t)99, .what = "x"}, text,
          sizeof text);
  assert_ptr_equal(strstr(text, "vt: "), text);
}

static void a_sentence_is_cut_to_its_size(void **state) {
  vt_report_t report = {.kind = VT_REPORT_FORGOTTEN,
                        .status = UV_EIO,
                        .what = "fs_read",
                        .subject = "a subject"};
  char whole[256];
  (void)state;
  vt_report_text(&report, whole, sizeof whole);
  for (size_t size = 1; size <= strlen(whole) + 1; size++) {
    char *text = malloc(size); /* of its own: a sanitizer sees one more */
    assert_ptr_equal(vt_report_text(&report, text, size), text);
    assert_int_equal(strlen(text), size - 1);
    assert_memory_equal(text, whole, size - 1);
    free(text);
  }
}

static void the_ready_made_function_writes_a_line_to_stderr(void **state) {
  vt_report_t report = {.kind = VT_REPORT_FORGOTTEN,
                        .status = UV_EIO,
                        .what = "fs_read",
                        .subject = "a subject"};
  char wanted[256], line[256] = "";
  int fds[2], saved = dup(2);
  ssize_t n;
  (void)state;
  assert_int_equal(uv_pipe(fds, 0, 0), 0);
  fflush(stderr);
  dup2(fds[1], 2);
  vt_report_stderr(NULL, &report);
  fflush(stderr);
  dup2(saved, 2);
  n = read(fds[0], line, sizeof line - 1);
  close(fds[0]);
  close(fds[1]);
  close(saved);
  vt_report_text(&report, wanted, sizeof wanted - 1);
  strcat(wanted, "\n");
  assert_int_equal(n, strlen(wanted));
  assert_string_equal(line, wanted);
}

/* ---- it works: the report function ---- */

static void without_a_function_reports_are_counted(void **state) {
  struct fixture *f = *state;
  uint64_t before = stats_of(f).reports;
  vt_loop_set_report(f->vt, NULL, NULL);
  vt_forget(vt_failed(UV_EIO));
  vt_task_unref(vt_task_from_result(result_failed(UV_EIO)));
  assert_int_equal(f->report_count, 0);
  assert_int_equal(stats_of(f).reports - before, 2);
}

static void the_last_function_set_is_called(void **state) {
  struct fixture *f = *state;
  int count = 0;
  vt_loop_set_report(f->vt, count_report, &count);
  vt_forget(vt_failed(UV_EIO));
  assert_int_equal(count, 1);
  assert_int_equal(f->report_count, 0);
}

/* ---- it works: walk ---- */

static void a_walk_shows_what_is_not_over(void **state) {
  struct fixture *f = *state;
  struct gate gates[3] = {{.about = "subject"}, {.about = "subject"}, {0}};
  struct seen seen[2] = {{0}};
  struct wait_frame frame;
  struct walked w;
  vt_t v[3];
  assert_int_equal(walk(f).count, 0);
  v[0] = gate_begin(&gates[0]); /* neither awaited nor complete */
  v[1] = gate_begin(&gates[1]); /* complete, not taken */
  gate_open(&gates[1], result_int(0));
  v[2] = gate_begin_plain(&gates[2]); /* awaited by a function */
  frame.v = v[2];
  vt_await(vt_start(&frame, wait_body), seen_k, &seen[0]);
  w = walk(f);
  assert_int_equal(w.count, 4);
  assert_int_equal(w.gates, 2);
  assert_int_equal(w.functions, 1);
  assert_int_equal(w.completed, 1);
  assert_int_equal(w.awaited, 2); /* the function, and what it waits for */
  assert_string_equal(w.subject, "subject");
  assert_int_equal(stats_of(f).pending, 3);
  assert_int_equal(stats_of(f).untaken, 1);
#ifndef VT_DEBUG
  assert_int_equal(w.with_file, 0);
#endif
  vt_await(v[0], seen_k, &seen[1]);
  gate_open(&gates[0], result_int(0));
  gate_open(&gates[2], result_int(0));
  vt_get_result(v[1]);
  assert_true(fixture_run(f));
  assert_int_equal(walk(f).count, 0);
}

/* A function is about what it waits for, however deep. */
static void a_walk_tells_what_a_function_waits_for(void **state) {
  struct fixture *f = *state;
  struct gate gate = {.about = "the bottom"};
  struct seen seen = {0};
  struct wait_frame frame = {.v = gate_begin(&gate)};
  struct walked w;
  for (int i = 0; i < 3; i++)
    frame.v = vt_start(&frame, wait_body);
  vt_await(frame.v, seen_k, &seen);
  w = walk(f);
  assert_int_equal(w.functions, 3);
  assert_int_equal(w.about_bottom, 4);
  gate_open(&gate, result_int(0));
  assert_true(fixture_run(f));
  assert_seen_status(&seen, 0);
}

static void a_walk_shows_what_is_over_but_not_taken(void **state) {
  struct fixture *f = *state;
  vt_t delay = vt_delay(1), yield = vt_yield();
  struct walked w;
  assert_int_equal(walk(f).completed, 0);
  assert_true(fixture_run(f));
  w = walk(f);
  assert_int_equal(w.count, 2);
  assert_int_equal(w.completed, 2);
  assert_int_equal(w.awaited, 0);
  assert_status(vt_get_result(delay).status, 0);
  assert_status(vt_get_result(yield).status, 0);
  assert_int_equal(walk(f).count, 0);
}

static void a_walk_shows_awaits_of_tasks(void **state) {
  struct fixture *f = *state;
  struct seen seen[2] = {{0}};
  vt_promise_t *promise;
  assert_status(vt_promise_new(0, &promise), 0);
  for (int i = 0; i < 2; i++)
    vt_await(vt_from_task(vt_promise_task(promise)), seen_k, &seen[i]);
  assert_int_equal(walk(f).count, 2);
  assert_int_equal(walk(f).awaited, 2);
  assert_true(
      vt_await_stop(vt_from_task(vt_promise_task(promise)), seen_k, &seen[0]));
  assert_int_equal(walk(f).count, 1);
  vt_promise_set(promise, (vt_value_t){.i = 1});
  assert_true(fixture_run(f));
  assert_int_equal(walk(f).count, 0);
  vt_promise_free(promise);
}

static void everything_has_an_age(void **state) {
  struct fixture *f = *state;
  struct gate gates[2] = {{0}};
  struct seen seen[2] = {{0}};
  struct wait_frame frame;
  vt_promise_t *promise;
  uint64_t youngest = UINT64_MAX, begun;
  vt_loop_run(f->vt, vt_delay(30)); /* the clock is not at an age of zero */
  begun = uv_hrtime() / 1000000;
  assert_status(vt_promise_new(0, &promise), 0);
  vt_await(vt_from_task(vt_promise_task(promise)), seen_k, &seen[0]);
  frame.v = gate_begin(&gates[0]);
  vt_await(vt_start(&frame, wait_body), seen_k, &seen[1]);
  vt_forget(gate_begin(&gates[1]));
  vt_loop_run(f->vt, vt_delay(60));
  vt_loop_walk(f->vt, walk_youngest, &youngest);
  begun = uv_hrtime() / 1000000 - begun;
  assert_in_range(youngest, 50, begun + 10);
  vt_promise_set(promise, (vt_value_t){.i = 1});
  gate_open(&gates[0], result_int(0));
  gate_open(&gates[1], result_int(0));
  assert_true(fixture_run(f));
  vt_promise_free(promise);
}

/* Ages come from the loop's clock, which may be some milliseconds old; that of
 * a delay may be off by one in 2048. */
static void a_walk_knows_the_age(void **state) {
  struct fixture *f = *state;
  struct walked young, old;
  vt_t v = vt_delay(1000);
  uint64_t begun = uv_hrtime() / 1000000, passed;
  young = walk(f);
  vt_loop_run(f->vt, vt_delay(60));
  passed = uv_hrtime() / 1000000 - begun;
  old = walk(f);
  vt_cancel(v);
  assert_status(vt_loop_run(f->vt, v).status, UV_ECANCELED);
  assert_int_equal(young.delays, 1);
  assert_in_range(young.age_ms, 0, 10);
  assert_in_range(old.age_ms, 50, passed + 10);
}

static void a_walk_sees_many(void **state) {
  struct fixture *f = *state;
  static struct gate gates[3000];
  for (size_t i = 0; i < 3000; i++)
    vt_forget(gate_begin(&gates[i]));
  assert_int_equal(walk(f).gates, 3000);
  assert_int_equal(stats_of(f).pending, 3000);
  for (size_t i = 0; i < 3000; i += 2)
    gate_open(&gates[i], result_int(0));
  assert_int_equal(walk(f).gates, 1500);
  for (size_t i = 1; i < 3000; i += 2)
    gate_open(&gates[i], result_int(0));
  assert_true(fixture_run(f));
}

/* ---- it works: counters ---- */

static void the_pools_count_what_they_hold(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  vt_loop_stats_t before, during, after;
  vt_alloc_stats_t alloc;
  vt_t v;
  vt_loop_run(f->vt, vt_delay(0));
  v = gate_begin(&gate); /* the pool has grown */
  gate_open(&gate, result_int(0));
  vt_get_result(v);
  before = stats_of(f);
  v = gate_begin(&gate);
  during = stats_of(f);
  gate_open(&gate, result_int(0));
  vt_get_result(v);
  after = stats_of(f);
  vt_alloc_stats(&alloc);
  assert_int_equal(before.pooled - during.pooled, 1);
  assert_int_equal(after.pooled, before.pooled);
  assert_int_equal(after.allocated, before.allocated);
  assert_true(after.allocated > 0);
  assert_true(after.allocated <= alloc.bytes);
}

static void misuse_is_counted(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct seen seen = {0};
  uint64_t before;
  vt_t v = gate_begin(&gate);
  before = stats_of(f).misuse;
  vt_get_result(v); /* VT_EPENDING */
  assert_int_equal(stats_of(f).misuse, before + 1);
  vt_await(v, seen_k, &seen);
  vt_await(v, seen_k, &(struct seen){0}); /* VT_EAWAITED */
  assert_int_equal(stats_of(f).misuse, before + 2);
  gate_open(&gate, result_int(0));
  assert_true(fixture_run(f));
  vt_get_result(v); /* VT_ESTALE */
  assert_int_equal(stats_of(f).misuse, before + 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_sentence_names_line_and_remedy),
      cmocka_unit_test(each_kind_has_its_own_sentence),
      cmocka_unit_test(a_misuse_names_its_lines),
      cmocka_unit_test(a_failure_is_named),
      cmocka_unit_test(an_unknown_kind_is_worded_too),
      cmocka_unit_test(a_sentence_is_cut_to_its_size),
      cmocka_unit_test(the_ready_made_function_writes_a_line_to_stderr),
      fixture_test(without_a_function_reports_are_counted),
      fixture_test(the_last_function_set_is_called),
      fixture_test(a_walk_shows_what_is_not_over),
      fixture_test(a_walk_tells_what_a_function_waits_for),
      fixture_test(a_walk_shows_what_is_over_but_not_taken),
      fixture_test(a_walk_shows_awaits_of_tasks),
      fixture_test(a_walk_knows_the_age),
      fixture_test(everything_has_an_age),
      fixture_test(a_walk_sees_many),
      fixture_test(the_pools_count_what_they_hold),
      fixture_test(misuse_is_counted),
  };
  return fixture_main("report", tests);
}
