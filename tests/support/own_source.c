/* SPDX-License-Identifier: MIT */
/* A source as a user would write one. */
#include "support/own_source.h"

#include <stdio.h>
#include <string.h>

static int64_t own_status(const vt_source_t *source, uint64_t token) {
  const struct own_source *o = (const struct own_source *)source;
  if (token != source->token)
    return VT_ESTALE;
  return o->completed ? o->result.status : VT_PENDING;
}

static vt_result_t own_result(vt_source_t *source, uint64_t token) {
  struct own_source *o = (struct own_source *)source;
  vt_result_t refused = {.status = VT_ESTALE};
  if (token != source->token)
    return refused;
  refused.status = VT_EPENDING;
  if (!o->completed)
    return refused;
  o->taken++;
  return o->result;
}

static int own_on_completed(vt_source_t *source, uint64_t token,
                            const vt_continuation_t *c) {
  struct own_source *o = (struct own_source *)source;
  if (token != source->token)
    return VT_ESTALE;
  o->asked++;
  if (o->refusal != 0) {
    if (o->keeps_refused)
      o->continuation = *c;
    return o->refusal;
  }
  if (o->completed)
    return VT_COMPLETED;
  if (o->kept)
    return VT_EAWAITED;
  o->kept = true;
  o->continuation = *c;
  if (o->resumes_inside) {
    vt_result_t r = {.status = 0, .value.i = 99};
    own_source_complete(o, r);
  }
  return 0;
}

static int own_cancel(vt_source_t *source, uint64_t token) {
  struct own_source *o = (struct own_source *)source;
  vt_result_t cancelled = {.status = UV_ECANCELED};
  if (token != source->token)
    return VT_ESTALE;
  o->cancelled++;
  if (o->completed)
    return UV_EALREADY;
  own_source_complete(o, cancelled);
  return 0;
}

static void own_describe(const vt_source_t *source, char *text, size_t size) {
  const struct own_source *o = (const struct own_source *)source;
  snprintf(text, size, "%s", o->subject);
}

static const vt_source_ops_t own_ops = {.kind = "own",
                                        .status = own_status,
                                        .result = own_result,
                                        .on_completed = own_on_completed,
                                        .cancel = own_cancel,
                                        .describe = own_describe};

static const vt_source_ops_t bare_ops = {.kind = "bare",
                                         .status = own_status,
                                         .result = own_result,
                                         .on_completed = own_on_completed};

void own_source_init(struct own_source *o) {
  memset(o, 0, sizeof *o);
  o->source.ops = &own_ops;
  o->subject = "";
}

void own_source_init_bare(struct own_source *o) {
  own_source_init(o);
  o->source.ops = &bare_ops;
}

vt_t own_source_task(struct own_source *o) {
  return vt_from_source(&o->source);
}

static int complete(struct own_source *o, vt_result_t result,
                    int (*resume)(const vt_continuation_t *, vt_result_t)) {
  vt_continuation_t c = o->continuation;
  bool kept = o->kept;
  o->completed = true;
  o->result = result;
  o->kept = false;
  return kept ? resume(&c, result) : 0; /* o may be gone now */
}

int own_source_complete(struct own_source *o, vt_result_t result) {
  return complete(o, result, vt_resume);
}

int own_source_complete_later(struct own_source *o, vt_result_t result) {
  return complete(o, result, vt_resume_later);
}

void own_source_next(struct own_source *o) {
  o->source.token++;
  o->completed = false;
  o->kept = false;
}
