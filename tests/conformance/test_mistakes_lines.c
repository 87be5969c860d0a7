/* SPDX-License-Identifier: MIT */
/* What -DVT_DEBUG tells of the common mistakes: the lines. */
#ifndef VT_DEBUG
#error "build with -DVT_DEBUG"
#endif
#include "support/fixture.h"
#include "support/pending.h"

#include <stdio.h>
#include <string.h>

/* A short name, so that sentences can be compared whole. */
#line 14 "lines.c"

/* ---- helpers ---- */

enum { CALLS = 1000 };

/* The profile of the lines of this file from begin to end. */
struct lines {
  unsigned begin, end;
  int count;
  vt_loop_site_t site; /* of the last one */
};

static void find_lines(void *arg, const vt_loop_site_t *site) {
  struct lines *lines = arg;
  if (strcmp(site->file, __FILE__) != 0 || site->line < lines->begin ||
      site->line >= lines->end)
    return;
  lines->count++;
  lines->site = *site;
}

/* Two functions with the same promise; one of them never holds it. */
static vt_t never_in_hand(int n) {
  (void)n;
  return vt_yield();
}

static vt_t mostly_in_hand(int n) {
  return n % 100 == 0 ? vt_yield() : vt_from_int(n);
}

struct calls_frame {
  vt_frame_t vt;
  vt_t (*function)(int n);
  unsigned *line;
  int n;
};

static vt_t calls_body(void *frame) {
  struct calls_frame *f = frame;
  VT_BEGIN(f);
  for (f->n = 0; f->n < CALLS; f->n++) {
    *f->line = __LINE__ + 1;
    VT_TRY(f, f->function(f->n));
  }
  VT_END(f);
}

/* The counts of the line that calls it. */
static vt_loop_site_t profile(struct fixture *f, vt_t (*function)(int n)) {
  unsigned line = 0;
  struct calls_frame frame = {.function = function, .line = &line};
  vt_t v = vt_start(&frame, calls_body);
  struct lines lines = {0};
  assert_status(vt_loop_run(f->vt, v).status, 0);
  lines.begin = line;
  lines.end = line + 1;
  vt_loop_report_sites(f->vt, find_lines, &lines);
  assert_int_equal(lines.count, 1);
  return lines.site;
}

/* The last report of misuse reads "vt: value task", these words, where a line
 * of this file stands for each #, and the operation. */
static void check_misuse(struct fixture *f, size_t count, const char *words,
                         const unsigned *lines, const char *operation) {
  char expected[FIXTURE_TEXT] = "vt: value task";
  size_t used = strlen(expected);
  for (const char *at = words; *at; at++)
    if (*at == '#')
      used += (size_t)snprintf(expected + used, sizeof expected - used, "%u",
                               *lines++);
    else
      used +=
          (size_t)snprintf(expected + used, sizeof expected - used, "%c", *at);
  snprintf(expected + used, sizeof expected - used, " [%s]", operation);
  assert_int_equal(f->misuse_count, count);
  assert_string_equal(f->misuse.text, expected);
}

/* A call that is refused, on a line of its own. */
static int64_t await_again(vt_t v, unsigned *line) {
  struct seen seen = {0};
  *line = __LINE__ + 1;
  vt_await(v, seen_k, &seen);
  return seen.count == 1 ? seen.result.status : 0;
}

static int64_t convert_again(vt_t v, unsigned *line) {
  *line = __LINE__ + 1;
  return vt_task_status(vt_as_task(v));
}

static int64_t take_again(vt_t v, unsigned *line) {
  *line = __LINE__ + 1;
  return vt_get_result(v).status;
}

static int64_t preserve_again(vt_t v, unsigned *line) {
  vt_task_t *task;
  *line = __LINE__ + 1;
  return vt_status(vt_preserve(v, &task));
}

static int64_t (*const again[])(vt_t v, unsigned *line) = {
    await_again, convert_again, take_again, preserve_again};

#define AGAIN (sizeof again / sizeof *again)

struct twice_frame {
  vt_frame_t vt;
  vt_t v;
  unsigned *lines;
};

static vt_t twice_body(void *frame) {
  struct twice_frame *f = frame;
  VT_BEGIN(f);
  f->lines[2] = __LINE__ + 1;
  VT_TRY(f, f->v);
  f->lines[1] = __LINE__ + 1;
  VT_TRY(f, f->v);
  VT_END(f);
}

/* ---- returning a value task without gain ---- */

static void a_line_that_gains_nothing_is_named(void **state) {
  vt_loop_site_t site = profile(*state, never_in_hand);
  assert_int_equal(site.in_hand, 0);
  assert_int_equal(site.waited, CALLS);
}

static void a_line_that_gains_is_told_apart(void **state) {
  vt_loop_site_t site = profile(*state, mostly_in_hand);
  assert_int_equal(site.in_hand, CALLS - CALLS / 100);
  assert_int_equal(site.waited, CALLS / 100);
}

/* ---- misuse: made here, awaited there, and again here ---- */

#define AGAIN_WORDS                                                            \
  " made at lines.c:# was awaited again at lines.c:#; its first await was at " \
  "lines.c:#"

static void a_second_use_while_the_first_waits_names_three_lines(void **state) {
  struct fixture *f = *state;
  for (size_t i = 0; i < AGAIN; i++) {
    unsigned lines[3] = {__LINE__ + 2};
    struct seen seen = {0};
    vt_t v = vt_delay(3);
    lines[2] = __LINE__ + 1;
    vt_await(v, seen_k, &seen);
    assert_status(again[i](v, &lines[1]), VT_EAWAITED);
    assert_int_equal(f->misuse.status, VT_EAWAITED);
    check_misuse(f, i + 1, AGAIN_WORDS, lines, "delay 3 ms");
    assert_true(fixture_run(f));
    assert_seen_status(&seen, 0);
  }
}

static void a_second_use_after_the_first_names_three_lines(void **state) {
  struct fixture *f = *state;
  for (size_t i = 0; i < AGAIN; i++) {
    unsigned lines[3] = {__LINE__ + 1};
    vt_t v = vt_delay(1);
    lines[2] = __LINE__ + 1;
    assert_status(vt_loop_run(f->vt, v).status, 0);
    assert_status(again[i](v, &lines[1]), VT_ESTALE);
    assert_int_equal(f->misuse.status, VT_ESTALE);
    check_misuse(f, i + 1, AGAIN_WORDS, lines, "delay");
  }
}

static void a_second_conversion_names_three_lines(void **state) {
  struct fixture *f = *state;
  unsigned lines[3] = {__LINE__ + 1};
  vt_t v = vt_delay(1);
  vt_task_t *task;
  lines[2] = __LINE__ + 1;
  task = vt_as_task(v);
  assert_status(convert_again(v, &lines[1]), VT_ESTALE);
  check_misuse(f, 1, AGAIN_WORDS, lines, "delay");
  assert_status(vt_loop_run(f->vt, vt_from_task(task)).status, 0);
  vt_task_unref(task);
}

static void a_result_taken_and_awaited_names_three_lines(void **state) {
  struct fixture *f = *state;
  unsigned lines[3] = {__LINE__ + 1};
  vt_t v = vt_yield();
  assert_true(fixture_run(f));
  lines[2] = __LINE__ + 1;
  assert_status(vt_get_result(v).status, 0);
  assert_status(await_again(v, &lines[1]), VT_ESTALE);
  check_misuse(f, 1, AGAIN_WORDS, lines, "yield");
}

static void
an_async_function_that_awaits_twice_names_three_lines(void **state) {
  struct fixture *f = *state;
  unsigned lines[3] = {__LINE__ + 1};
  vt_t v = vt_delay(1);
  struct twice_frame frame = {.v = v, .lines = lines};
  vt_result_t r = vt_loop_run(f->vt, vt_start(&frame, twice_body));
  assert_status(r.status, VT_ESTALE);
  check_misuse(f, 1, AGAIN_WORDS, lines, "delay");
}

/* The first one's lines are told although its block serves another by then. */
static void a_stale_one_is_told_of_after_its_block_was_reused(void **state) {
  struct fixture *f = *state;
  unsigned lines[3] = {__LINE__ + 1};
  vt_t stale = vt_delay(1), next;
  lines[2] = __LINE__ + 1;
  assert_status(vt_loop_run(f->vt, stale).status, 0);
  next = vt_delay(1);
  assert_true(next.source == stale.source); /* else it shows nothing */
  assert_status(await_again(stale, &lines[1]), VT_ESTALE);
  check_misuse(f, 1, AGAIN_WORDS, lines, "delay");
  assert_status(vt_loop_run(f->vt, next).status, 0);
  assert_int_equal(f->misuse_count, 1);
}

static void a_result_taken_early_names_two_lines(void **state) {
  struct fixture *f = *state;
  unsigned lines[2] = {__LINE__ + 1};
  vt_t v = vt_delay(2);
  assert_status(take_again(v, &lines[1]), VT_EPENDING);
  assert_int_equal(f->misuse.status, VT_EPENDING);
  check_misuse(f, 1,
               " made at lines.c:# was taken before it completed at lines.c:#",
               lines, "delay 2 ms");
  assert_status(vt_loop_run(f->vt, v).status, 0);
  assert_int_equal(f->misuse_count, 1);
}

static void a_resettable_source_names_the_line_of_the_misuse(void **state) {
  struct fixture *f = *state;
  struct pending p;
  struct seen seen = {0};
  unsigned line;
  pending_begin(&p, RESETTABLE);
  assert_status(take_again(p.v, &line), VT_EPENDING);
  check_misuse(f, 1, " was taken before it completed at lines.c:#", &line,
               "reset source");
  vt_await(p.v, seen_k, &seen);
  assert_status(await_again(p.v, &line), VT_EAWAITED);
  check_misuse(f, 2, " was awaited again at lines.c:#", &line, "reset source");
  pending_complete(&p, 4);
  assert_seen_int(&seen, 4);
  assert_status(take_again(p.v, &line), 0); /* no misuse */
  assert_status(vt_reset_source_reset(&p.source), 0);
  assert_int_equal(f->misuse_count, 2);
  assert_status(await_again(p.v, &line), VT_ESTALE);
  check_misuse(f, 3, " was stale when it was awaited at lines.c:#", &line,
               "reset source");
}

/* ---- what is no misuse is not told ---- */

/* A failure that has the number of a misuse. */
static void a_result_that_is_a_misuse_elsewhere_is_none_here(void **state) {
  struct fixture *f = *state;
  static const int64_t statuses[] = {VT_ESTALE, VT_EAWAITED, VT_EPENDING,
                                     VT_ETHREAD};
  for (size_t i = 0; i < 4; i++) {
    struct gate gate = {0};
    vt_t v = gate_begin(&gate);
    gate_open(&gate, result_failed(statuses[i]));
    assert_status(vt_loop_run(f->vt, v).status, statuses[i]);
  }
  assert_int_equal(f->misuse_count, 0);
}

static void what_may_be_awaited_again_is_not_told(void **state) {
  struct fixture *f = *state;
  struct pending p;
  struct seen seen = {0};
  pending_begin(&p, TASK_BACKED);
  vt_await(p.v, seen_k, &seen);
  vt_await(p.v, seen_k, &seen);
  vt_task_unref(vt_as_task(p.v));
  pending_complete(&p, 1);
  assert_true(fixture_run(f));
  assert_int_equal(vt_get_result(p.v).value.i, 1);
  assert_int_equal(vt_get_result(vt_from_int(1)).value.i, 1);
  assert_int_equal(seen.count, 2);
  assert_int_equal(f->misuse_count, 0);
  pending_end(&p);
}

/* Complete, its continuation not yet run: the result may be read. */
static void a_resettable_result_read_twice_is_not_told(void **state) {
  struct fixture *f = *state;
  vt_reset_source_t source;
  struct seen seen = {0};
  vt_t v;
  vt_reset_source_init(&source, VT_COMPLETE_LATER);
  v = vt_reset_source_task(&source);
  vt_await(v, seen_k, &seen);
  assert_status(vt_reset_source_set(&source, result_int(3)), 0);
  assert_int_equal(seen.count, 0);
  assert_int_equal(vt_get_result(v).value.i, 3);
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 3);
  assert_int_equal(vt_get_result(v).value.i, 3);
  assert_int_equal(f->misuse_count, 0);
}

/* The call in brackets is the function, as a file without VT_DEBUG calls it. */
static void without_vt_debug_only_the_counter_tells(void **state) {
  struct fixture *f = *state;
  vt_loop_stats_t stats;
  vt_t v = vt_delay(1);
  assert_status((vt_loop_run)(f->vt, v).status, 0);
  assert_status((vt_get_result)(v).status, VT_ESTALE);
  vt_loop_stats(f->vt, &stats);
  assert_int_equal(stats.misuse, 1);
  assert_int_equal(stats.reports, 0);
  assert_int_equal(f->misuse_count, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(a_line_that_gains_nothing_is_named),
      fixture_test(a_line_that_gains_is_told_apart),
      fixture_test(a_second_use_while_the_first_waits_names_three_lines),
      fixture_test(a_second_use_after_the_first_names_three_lines),
      fixture_test(a_second_conversion_names_three_lines),
      fixture_test(a_result_taken_and_awaited_names_three_lines),
      fixture_test(an_async_function_that_awaits_twice_names_three_lines),
      fixture_test(a_stale_one_is_told_of_after_its_block_was_reused),
      fixture_test(a_result_taken_early_names_two_lines),
      fixture_test(a_resettable_source_names_the_line_of_the_misuse),
      fixture_test(a_result_that_is_a_misuse_elsewhere_is_none_here),
      fixture_test(what_may_be_awaited_again_is_not_told),
      fixture_test(a_resettable_result_read_twice_is_not_told),
      fixture_test(without_vt_debug_only_the_counter_tells),
  };
  return fixture_main("mistakes_lines", tests);
}
