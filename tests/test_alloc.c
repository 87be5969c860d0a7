/* SPDX-License-Identifier: MIT */
/* The one door to memory: replacing it, and its counters. */
#include "support/fault.h"
#include "support/fixture.h"

#include <stdlib.h>

/* ---- helpers ---- */

static void *no_malloc(size_t size) {
  (void)size;
  return NULL;
}

static void *no_realloc(void *ptr, size_t size) {
  (void)ptr;
  (void)size;
  return NULL;
}

static void *no_calloc(size_t count, size_t size) {
  (void)count;
  (void)size;
  return NULL;
}

static void no_free(void *ptr) { (void)ptr; }

static int install_nothing(void) {
  return vt_replace_allocator(no_malloc, no_realloc, no_calloc, no_free);
}

static vt_alloc_stats_t stats(void) {
  vt_alloc_stats_t s;
  vt_alloc_stats(&s);
  return s;
}

/* Some of everything that the core allocates. */
static void use_all(struct fixture *f) {
  struct seen seen = {0};
  vt_promise_t *promise = NULL;
  vt_task_t *task = vt_task_from_int(1000);
  if (vt_promise_new(0, &promise) == 0) {
    vt_await(vt_from_task(vt_promise_task(promise)), seen_k, &seen);
    vt_promise_set(promise, (vt_value_t){.i = 1});
    vt_promise_free(promise);
  }
  vt_task_unref(task);
  for (int i = 0; i < 2000; i++)
    vt_forget(vt_delay(1));
  fixture_run(f);
}

/* ---- it works ---- */

static void it_may_be_replaced_while_nothing_is_alive(void **state) {
  vt_task_t *task;
  (void)state;
  assert_int_equal(stats().blocks, 0);
  assert_status(install_nothing(), 0);
  task = vt_task_from_int(1000); /* static: failed, never counted */
  assert_status(vt_task_status(task), UV_ENOMEM);
  vt_task_unref(task);
  assert_status(fault_install(), 0);
  task = vt_task_from_int(1000);
  assert_int_equal(vt_task_result(task).value.i, 1000);
  vt_task_unref(task);
  assert_int_equal(stats().blocks, 0);
}

static void everything_passes_the_door(void **state) {
  struct fixture *f = *state;
  uint64_t before = fault_alive();
  use_all(f);
  assert_int_equal(fault_alive(), stats().blocks);
  assert_true(fault_alive() >= before);
}

static void each_request_is_counted(void **state) {
  struct fixture *f = *state;
  vt_alloc_stats_t before, after;
  fault_arm(0, FAULT_ONCE);
  before = stats();
  use_all(f);
  after = stats();
  assert_int_equal(after.calls - before.calls, fault_calls());
  assert_int_equal(after.failed, before.failed);
  assert_true(after.bytes >= before.bytes);
}

static void bytes_go_back_with_the_blocks(void **state) {
  vt_alloc_stats_t before = stats();
  struct fixture f;
  const char *problem = fixture_open(&f);
  (void)state;
  assert_null(problem);
  use_all(&f);
  assert_true(stats().bytes > before.bytes);
  problem = fixture_close(&f);
  assert_null(problem);
  assert_int_equal(stats().bytes, before.bytes);
  assert_int_equal(stats().blocks, before.blocks);
  assert_int_equal(fault_alive(), before.blocks);
}

/* ---- it fails ---- */

static void a_refusal_is_counted_and_told(void **state) {
  vt_alloc_stats_t before = stats(), after;
  vt_promise_t *promise = NULL;
  int rc;
  (void)state;
  fault_arm(1, FAULT_FROM);
  rc = vt_promise_new(0, &promise);
  fault_disarm();
  after = stats();
  assert_status(rc, UV_ENOMEM);
  assert_null(promise);
  assert_int_equal(after.failed - before.failed, fault_hits());
  assert_true(fault_hits() > 0);
  assert_int_equal(after.blocks, before.blocks);
  assert_int_equal(after.bytes, before.bytes);
}

static void a_missing_function_is_einval(void **state) {
  (void)state;
  assert_status(vt_replace_allocator(NULL, no_realloc, no_calloc, no_free),
                UV_EINVAL);
  assert_status(vt_replace_allocator(no_malloc, NULL, no_calloc, no_free),
                UV_EINVAL);
  assert_status(vt_replace_allocator(no_malloc, no_realloc, NULL, no_free),
                UV_EINVAL);
  assert_status(vt_replace_allocator(no_malloc, no_realloc, no_calloc, NULL),
                UV_EINVAL);
  vt_task_unref(vt_task_from_int(1000)); /* the old ones still serve */
}

static void while_a_loop_is_attached_it_is_ebusy(void **state) {
  struct fixture *f = *state;
  assert_status(install_nothing(), UV_EBUSY);
  assert_status(vt_loop_run(f->vt, vt_delay(1)).status, 0);
}

static void while_a_task_is_alive_it_is_ebusy(void **state) {
  vt_task_t *task = vt_task_from_int(1000);
  (void)state;
  assert_status(install_nothing(), UV_EBUSY);
  vt_task_unref(task);
  assert_status(fault_install(), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_may_be_replaced_while_nothing_is_alive),
      fixture_test(everything_passes_the_door),
      fixture_test(each_request_is_counted),
      cmocka_unit_test(bytes_go_back_with_the_blocks),
      cmocka_unit_test(a_refusal_is_counted_and_told),
      cmocka_unit_test(a_missing_function_is_einval),
      fixture_test(while_a_loop_is_attached_it_is_ebusy),
      cmocka_unit_test(while_a_task_is_alive_it_is_ebusy),
  };
  return fixture_main("alloc", tests);
}
