/* SPDX-License-Identifier: MIT */
/* The bodies of the cases that test_async_method.c and test_async_pooled.c
 * share: C#'s methods on its two builders of async functions. */
#ifndef VT_TEST_CONFORMANCE_ASYNC_CASES_H
#define VT_TEST_CONFORMANCE_ASYNC_CASES_H

#include "support/fixture.h"

/* vt_start, or vt_start_boxed. */
typedef vt_t start_fn(void *frame, size_t size, vt_body_fn *body);
vt_t start_on_stack(void *frame, size_t size, vt_body_fn *body);
vt_t start_in_box(void *frame, size_t size, vt_body_fn *body);

/* One run of a case. */
struct method {
  struct fixture *f;
  start_fn *start; /* of each frame */
  bool counted;    /* allocations are: no other thread, no other loop */
};

#define ASYNC_METHODS(XX)                                                      \
  XX(non_generic_set_result_before_access_task_value_task_is_default)          \
  XX(generic_set_result_before_access_task_value_task_contains_value)          \
  XX(non_generic_set_result_after_access_task_value_task_contains_value)       \
  XX(generic_set_result_after_access_task_value_task_contains_value)           \
  XX(non_generic_set_exception_before_access_task_faults_task)                 \
  XX(generic_set_exception_before_access_task_faults_task)                     \
  XX(non_generic_set_exception_after_access_task_faults_task)                  \
  XX(generic_set_exception_after_access_task_faults_task)                      \
  XX(non_generic_set_exception_operation_canceled_exception_cancels_task)      \
  XX(generic_set_exception_operation_canceled_exception_cancels_task)          \
  XX(non_generic_set_exception_with_null_exception_throws)                     \
  XX(generic_set_exception_with_null_exception_throws)                         \
  XX(non_generic_start_invokes_move_next)                                      \
  XX(generic_start_invokes_move_next)                                          \
  XX(non_generic_await_on_completed_forces_task_creation)                      \
  XX(generic_await_on_completed_forces_task_creation)                          \
  XX(non_generic_used_with_async_method_completes_successfully)                \
  XX(generic_used_with_async_method_completes_successfully)                    \
  XX(await_tasks_and_value_tasks_in_task_and_value_task_methods)               \
  XX(non_generic_concurrent_builders_work_correctly)                           \
  XX(generic_concurrent_builders_work_correctly)

/* method_<case>(m) is the body of a case; it may be run again and again. */
#define XX(name) void method_##name(const struct method *m);
ASYNC_METHODS(XX)
#undef XX

#endif
