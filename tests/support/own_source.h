/* SPDX-License-Identifier: MIT */
/* A source as a user would write one, by the duties of <vt/source.h>. It counts
 * what it is asked, and can be told to misbehave. */
#ifndef VT_TEST_OWN_SOURCE_H
#define VT_TEST_OWN_SOURCE_H

#include <vt.h>

struct own_source {
  vt_source_t source;
  vt_continuation_t continuation; /* kept; zeroed when none is */
  vt_result_t result;
  bool completed;
  bool kept;
  bool keeps_refused;  /* misbehaves: keeps what it refuses */
  bool resumes_inside; /* misbehaves: completes inside on_completed */
  int refusal;         /* what on_completed answers; 0: as it should */
  int asked;           /* calls of on_completed with the current token */
  int taken;           /* calls of result that gave it */
  int cancelled;       /* calls of cancel with the current token */
  const char *subject;
};

/* Pending, token 0; cancel completes it with UV_ECANCELED. */
void own_source_init(struct own_source *o);

/* The same with neither cancel nor describe. */
void own_source_init_bare(struct own_source *o);

/* Its value task. */
VT_MUST_USE vt_t own_source_task(struct own_source *o);

/* Completes; what vt_resume answered, 0 when nobody awaits. */
int own_source_complete(struct own_source *o, vt_result_t result);

/* The same through vt_resume_later. */
int own_source_complete_later(struct own_source *o, vt_result_t result);

/* Serves the next operation. */
void own_source_next(struct own_source *o);

#endif
