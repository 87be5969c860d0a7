/* SPDX-License-Identifier: MIT */
/* What -DVT_DEBUG adds: the lines on which value tasks are made and awaited, in
 * reports, walks and the profile of vt_loop_report_sites. */
#ifndef VT_DEBUG
#error "build with -DVT_DEBUG"
#endif
#include "support/fixture.h"
#include "support/gate.h"

#include <string.h>

/* ---- helpers ---- */

struct line {
  unsigned line;
  const char *file;
  int count; /* sites of that line */
  uint64_t in_hand, waited;
};

static void find_line(void *arg, const vt_loop_site_t *site) {
  struct line *l = arg;
  if (site->line != l->line || strcmp(site->file, __FILE__) != 0)
    return;
  l->count++;
  l->in_hand += site->in_hand;
  l->waited += site->waited;
}

static void count_site(void *arg, const vt_loop_site_t *site) {
  *(int *)arg += site->file != NULL;
}

static struct line site_of(struct fixture *f, unsigned line) {
  struct line l = {.line = line};
  vt_loop_report_sites(f->vt, find_line, &l);
  return l;
}

static void find_delay(void *arg, const vt_loop_entry_t *entry) {
  struct line *l = arg;
  if (strcmp(entry->kind, "delay") != 0)
    return;
  l->count++;
  l->line = entry->line;
  l->file = entry->file;
}

static void find_any(void *arg, const vt_loop_entry_t *entry) {
  struct line *l = arg;
  l->count++;
  l->line = entry->line;
  l->file = entry->file;
}

static void find_function(void *arg, const vt_loop_entry_t *entry) {
  if (strcmp(entry->kind, "async function") == 0)
    find_any(arg, entry);
}

static void find_gate(void *arg, const vt_loop_entry_t *entry) {
  struct line *l = arg;
  if (strcmp(entry->kind, "gate") != 0)
    return;
  l->count++;
  l->file = entry->file;
}

struct sites_frame {
  vt_frame_t vt;
  int i;
  unsigned *lines; /* of the two awaits */
};

static vt_t sites_body(void *frame) {
  struct sites_frame *f = frame;
  VT_BEGIN(f);
  for (f->i = 0; f->i < 10; f->i++) {
    f->lines[0] = __LINE__ + 1;
    VT_TRY(f, vt_done());
    f->lines[1] = __LINE__ + 1;
    VT_TRY(f, f->i % 5 ? vt_done() : vt_yield());
  }
  VT_END(f);
}

/* ---- it works ---- */

static void only_lines_that_awaited_are_told(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  int count = 0;
  vt_loop_report_sites(f->vt, count_site, &count);
  assert_int_equal(count, 0);
  for (int i = 0; i < 3; i++)
    vt_await(vt_done(), seen_k, &seen);
  vt_loop_report_sites(f->vt, count_site, &count);
  assert_int_equal(count, 1);
}

static void an_awaited_line_counts_hits_and_waits(void **state) {
  struct fixture *f = *state;
  unsigned lines[2];
  struct sites_frame frame = {.lines = lines};
  struct line hits, mixed;
  vt_result_t r = vt_loop_run(f->vt, vt_start(&frame, sites_body));
  assert_status(r.status, 0);
  hits = site_of(f, lines[0]);
  mixed = site_of(f, lines[1]);
  assert_int_equal(hits.count, 1);
  assert_int_equal(hits.in_hand, 10);
  assert_int_equal(hits.waited, 0);
  assert_int_equal(mixed.count, 1);
  assert_int_equal(mixed.in_hand, 8);
  assert_int_equal(mixed.waited, 2);
}

static void as_many_hits_as_waits_are_told(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  struct line l;
  unsigned line = 0;
  for (int i = 0; i < 4; i++) {
    line = __LINE__ + 1;
    vt_await(i % 2 ? vt_yield() : vt_done(), seen_k, &seen);
  }
  assert_true(fixture_run(f));
  l = site_of(f, line);
  assert_int_equal(l.count, 1);
  assert_int_equal(l.in_hand, 2);
  assert_int_equal(l.waited, 2);
}

static void a_plain_await_is_counted_too(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  struct line l;
  unsigned line = 0;
  for (int i = 0; i < 3; i++) {
    line = __LINE__ + 1;
    vt_await(i == 0 ? vt_yield() : vt_from_int(i), seen_k, &seen);
  }
  assert_true(fixture_run(f));
  l = site_of(f, line);
  assert_int_equal(l.in_hand, 2);
  assert_int_equal(l.waited, 1);
  assert_int_equal(seen.count, 3);
}

static void a_walk_names_the_line(void **state) {
  struct fixture *f = *state;
  struct line l = {0};
  unsigned line = __LINE__ + 1;
  vt_t v = vt_delay(3600 * 1000);
  vt_loop_walk(f->vt, find_delay, &l);
  vt_cancel(v);
  assert_status(vt_loop_run(f->vt, v).status, UV_ECANCELED);
  assert_int_equal(l.count, 1);
  assert_non_null(l.file);
  assert_string_equal(l.file, __FILE__);
  assert_int_equal(l.line, line);
}

/* What waits for a task is made by the await. */
static void a_walk_names_the_line_of_an_await(void **state) {
  struct fixture *f = *state;
  struct line l = {0};
  struct seen seen = {0};
  vt_promise_t *promise;
  unsigned line;
  assert_status(vt_promise_new(0, &promise), 0);
  line = __LINE__ + 1;
  vt_await(vt_from_task(vt_promise_task(promise)), seen_k, &seen);
  vt_loop_walk(f->vt, find_any, &l);
  vt_promise_set(promise, (vt_value_t){.i = 1});
  vt_promise_free(promise);
  assert_int_equal(l.count, 1);
  assert_non_null(l.file);
  assert_int_equal(l.line, line);
}

struct block {
  unsigned first;
  unsigned seen; /* a bit for each line of it */
};

static void mark_line(void *arg, const vt_loop_entry_t *entry) {
  struct block *b = arg;
  if (entry->file && strcmp(entry->file, __FILE__) == 0)
    b->seen |= 1u << (entry->line - b->first);
}

static void a_walk_names_the_lines_of_waits(void **state) {
  struct fixture *f = *state;
  struct block b = {.seen = 0};
  vt_semaphore_t s;
  vt_mutex_t m;
  vt_rwlock_t l;
  vt_event_t e;
  vt_condition_t c;
  vt_barrier_t barrier;
  vt_channel_t *channel, *other;
  vt_value_t sent;
  vt_t v[9];
  vt_semaphore_init(&s, 0);
  vt_mutex_init(&m);
  vt_rwlock_init(&l);
  vt_event_init(&e, 0);
  vt_condition_init(&c);
  vt_barrier_init(&barrier, 2);
  vt_channel_new(0, &channel);
  vt_channel_new(0, &other);
  vt_rwlock_try_write_lock(&l);
  vt_mutex_try_lock(&m);
  b.first = __LINE__ + 1;
  v[0] = vt_semaphore_acquire_async(&s, 1);
  v[1] = vt_mutex_lock_async(&m);
  v[2] = vt_rwlock_read_lock_async(&l);
  v[3] = vt_rwlock_write_lock_async(&l);
  v[4] = vt_event_wait_async(&e);
  v[5] = vt_condition_wait_async(&c, &m);
  v[6] = vt_barrier_arrive_async(&barrier);
  v[7] = vt_channel_send_async(channel, (vt_value_t){.i = 1});
  v[8] = vt_channel_receive_async(other);
  vt_loop_walk(f->vt, mark_line, &b);
  assert_int_equal(b.seen, (1u << 9) - 1);
  for (int i = 0; i < 9; i++)
    vt_forget(v[i]);
  assert_status(vt_channel_try_receive(channel, &sent), 0);
  vt_barrier_close(&barrier, 0);
  vt_channel_unref(channel);
  vt_channel_unref(other);
}

static void a_walk_names_the_line_of_a_function(void **state) {
  struct fixture *f = *state;
  struct line l = {0};
  unsigned lines[2], line;
  struct sites_frame frame = {.lines = lines};
  struct seen seen = {0};
  vt_t v = vt_start(&frame, sites_body);
  vt_loop_walk(f->vt, find_function, &l);
  line = lines[1]; /* where it waits */
  vt_await(v, seen_k, &seen);
  assert_true(fixture_run(f));
  assert_int_equal(l.count, 1);
  assert_non_null(l.file);
  assert_int_equal(l.line, line);
}

static void a_report_names_the_line(void **state) {
  struct fixture *f = *state;
  const struct fixture_report *r;
  unsigned line = __LINE__ + 1;
  vt_t v = vt_delay(1);
  (void)v;
  assert_true(fixture_run(f));
  assert_status(fixture_detach(f), 0);
  r = fixture_take_report(f, VT_REPORT_NEVER_AWAITED);
  assert_non_null(r);
  assert_true(r->has_file);
  assert_int_equal(r->line, line);
  assert_non_null(strstr(r->text, "test_site.c:"));
}

static void a_task_names_the_line_that_made_it(void **state) {
  struct fixture *f = *state;
  const struct fixture_report *r;
  unsigned line = __LINE__ + 1;
  vt_task_t *task = vt_task_from_result(result_failed(UV_EIO));
  vt_task_unref(task);
  r = fixture_take_report(f, VT_REPORT_UNOBSERVED);
  assert_non_null(r);
  assert_true(r->has_file);
  assert_int_equal(r->line, line);
}

static void a_dropped_promise_names_the_line_that_made_it(void **state) {
  struct fixture *f = *state;
  const struct fixture_report *r;
  vt_promise_t *promise;
  unsigned line = __LINE__ + 1;
  int rc = vt_promise_new(0, &promise);
  assert_int_equal(rc, 0);
  vt_task_result(vt_promise_task(promise));
  vt_promise_free(promise);
  r = fixture_take_report(f, VT_REPORT_DROPPED);
  assert_non_null(r);
  assert_true(r->has_file);
  assert_int_equal(r->line, line);
  fixture_take_report(f, VT_REPORT_UNOBSERVED);
}

/* The gate is made by a file without VT_DEBUG: no line is known of it. */
static void a_line_that_made_nothing_is_forgotten(void **state) {
  struct fixture *f = *state;
  struct line l = {0};
  struct gate gate = {0};
  struct seen seen = {0};
  vt_t v, hit = vt_delay(0);
  vt_task_t *task = vt_as_task(vt_from_int(1));
  vt_await(vt_delay(0), seen_k, &seen);
  v = gate_begin(&gate);
  vt_loop_walk(f->vt, find_gate, &l);
  gate_open(&gate, result_int(vt_get_result(hit).value.i));
  vt_get_result(v);
  vt_task_unref(task);
  assert_int_equal(l.count, 1);
  assert_null(l.file);
}

/* Each of many lines is counted for itself: the table grows. */
#define AWAIT_LINE vt_await(vt_done(), seen_k, &seen);
static void many_lines_are_kept_apart(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  unsigned first = __LINE__ + 1;
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  AWAIT_LINE
  assert_int_equal(seen.count, 100);
  for (unsigned i = 0; i < 100; i++) {
    struct line l = site_of(f, first + i);
    assert_int_equal(l.count, 1);
    assert_int_equal(l.in_hand, 1);
  }
}

static void find_whole(void *arg, const vt_loop_entry_t *entry) {
  struct line *l = arg;
  if (strcmp(entry->kind, l->file) == 0 && entry->line == l->line)
    l->count++;
}

static vt_t yield(void *arg, size_t index) {
  (void)arg;
  (void)index;
  return vt_yield();
}

static void a_whole_of_several_names_its_line(void **state) {
  struct fixture *f = *state;
  vt_map_t map = {.fn = yield};
  vt_t wholes[] = {
      VT_ALL(0, NULL, vt_yield(), vt_yield()),
      VT_ANY(0, NULL, vt_yield(), vt_yield()),
      vt_with_timeout(vt_yield(), 1000),
      vt_map_limit(&map, 2, NULL),
  };
  const unsigned first = __LINE__ - 5;
  const char *kinds[] = {"all", "any", "timeout", "map"};
  for (unsigned i = 0; i < 4; i++) {
    struct line line = {.line = first + i, .file = kinds[i]};
    vt_loop_walk(f->vt, find_whole, &line);
    assert_int_equal(line.count, 1);
    vt_forget(wholes[i]);
  }
  assert_true(fixture_run(f));
}

static void the_functions_can_still_be_named(void **state) {
  struct fixture *f = *state;
  vt_t (*delay)(uint64_t) = &vt_delay;
  void (*await)(vt_t, vt_continuation_fn *, void *) = vt_await;
  struct seen seen = {0};
  await(delay(1), seen_k, &seen);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(only_lines_that_awaited_are_told),
      fixture_test(an_awaited_line_counts_hits_and_waits),
      fixture_test(as_many_hits_as_waits_are_told),
      fixture_test(a_plain_await_is_counted_too),
      fixture_test(a_walk_names_the_line),
      fixture_test(a_walk_names_the_line_of_an_await),
      fixture_test(a_walk_names_the_lines_of_waits),
      fixture_test(a_walk_names_the_line_of_a_function),
      fixture_test(a_report_names_the_line),
      fixture_test(a_task_names_the_line_that_made_it),
      fixture_test(a_dropped_promise_names_the_line_that_made_it),
      fixture_test(a_line_that_made_nothing_is_forgotten),
      fixture_test(many_lines_are_kept_apart),
      fixture_test(a_whole_of_several_names_its_line),
      fixture_test(the_functions_can_still_be_named),
  };
  return fixture_main("site", tests);
}
