/* SPDX-License-Identifier: MIT */
/* What -DVT_DEBUG tells of the common mistakes: the lines. */
#ifndef VT_DEBUG
#error "build with -DVT_DEBUG"
#endif
#include "support/fixture.h"

#include <string.h>

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

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(a_line_that_gains_nothing_is_named),
      fixture_test(a_line_that_gains_is_told_apart),
  };
  return fixture_main("mistakes_lines", tests);
}
