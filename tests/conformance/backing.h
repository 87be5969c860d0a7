/* SPDX-License-Identifier: MIT */
/* What a value task can stand on, for cases that hold the same with each:
 * nothing (in hand), a task, a source of the user's, a resettable source. */
#ifndef VT_TEST_BACKING_H
#define VT_TEST_BACKING_H

#include "support/fixture.h"
#include "support/own_source.h"

enum backing_kind { IN_HAND, TASK, OWN_SOURCE, RESET_SOURCE, BACKING_KINDS };

/* C#'s ValueTask and ValueTask<T>: the second is a typed value task here, made
 * by its own constructors and read by its own reader. */
enum form { NON_GENERIC, GENERIC };

VT_DEFINE(number, int64_t, i)

/* What a success of this form carries: 0, or 42. */
int64_t form_value(enum form form);

/* The same as a result, when status is 0; else a failure. */
vt_result_t form_result(enum form form, int64_t status);

struct backing {
  vt_t v;
  enum backing_kind kind;
  enum form form;
  vt_task_t *task;       /* of TASK */
  vt_promise_t *promise; /* of a TASK that began pending */
  struct own_source own;
  vt_reset_source_t reset;
};

/* v is pending; kind is any but IN_HAND. */
void backing_begin(struct backing *b, enum backing_kind kind, enum form form);

/* v has completed when it is made: with the form's value, or a failure. */
void backing_begin_completed(struct backing *b, enum backing_kind kind,
                             enum form form, int64_t status);

/* Completes what is pending; the status of doing so. Where a task or a source
 * of the user's is behind v, on any thread. */
int backing_complete(struct backing *b, int64_t status);

void backing_end(struct backing *b);

/* The flags and the status of v are those of this outcome (VT_PENDING: none
 * yet). */
void backing_check(const struct backing *b, int64_t status);

/* result is this outcome; a success carries the form's value. */
void backing_check_result(const struct backing *b, vt_result_t result,
                          int64_t status);

/* The continuation ran once, with this outcome. */
void backing_check_seen(const struct backing *b, const struct seen *seen,
                        int64_t status);

#endif
