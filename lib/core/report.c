/* SPDX-License-Identifier: MIT */
/* Reports: counted, worded, handed to the loop's report function. */
#include "core/report.h"

#include <stdio.h>

#include "core/loop.h"
#include "core/own.h"

static void hand_over(vt_loop_t *loop, const vt_report_t *report) {
  loop->reports++;
  if (loop->report)
    loop->report(loop->report_arg, report);
}

void vt__report(const vt_report_t *report) {
  if (vt__current)
    hand_over(vt__current, report);
}

const vt_source_t *vt__report_about(const vt_op_t *block) {
  const struct vt__own_ops *own = block->source.ops->own;
  const vt_source_t *about = own->about ? own->about(block) : NULL;
  return about ? about : &block->source;
}

void vt__report_block(vt_loop_t *loop, vt_report_kind_t kind,
                      const vt_op_t *block, int64_t status) {
  char subject[256] = "";
  const vt_source_t *about = vt__report_about(block);
  const vt_source_ops_t *ops = about->ops;
  const vt_loop_site_t *site = vt__sites_at(&loop->sites, vt__pool_site(block));
  if (ops->describe)
    ops->describe(about, subject, sizeof subject);
  vt_report_t report = {kind,
                        status,
                        ops->kind,
                        subject,
                        site ? site->file : NULL,
                        site ? site->line : 0};
  hand_over(loop, &report);
}

void vt__report_forgotten(vt_loop_t *loop, const vt_op_t *block,
                          int64_t status) {
  if (status < 0 && status != UV_ECANCELED)
    vt__report_block(loop, VT_REPORT_FORGOTTEN, block, status);
}

void vt_loop_set_report(vt_loop_t *loop, vt_report_fn *fn, void *arg) {
  if (!loop)
    return;
  loop->report = fn;
  loop->report_arg = arg;
}

/* "value task made at app.c:12 (fs_read, file 3)" */
static void name_subject(const vt_report_t *r, const char *noun, char *text,
                         size_t size) {
  char where[160] = "";
  const char *subject = r->subject ? r->subject : "";
  if (r->file)
    snprintf(where, sizeof where, " made at %s:%u", r->file, r->line);
  snprintf(text, size, "%s%s (%s%s%s)", noun, where, r->what ? r->what : "",
           *subject ? " " : "", subject);
}

char *vt_report_text(const vt_report_t *r, char *text, size_t size) {
  char subject[512];
  const char *why = vt_strerror(r->status);
  switch (r->kind) {
  case VT_REPORT_NEVER_AWAITED:
    name_subject(r, "value task", subject, sizeof subject);
    snprintf(text, size, "vt: %s was never awaited (use vt_await or vt_forget)",
             subject);
    break;
  case VT_REPORT_UNOBSERVED:
    name_subject(r, "task", subject, sizeof subject);
    snprintf(text, size, "vt: %s failed and nobody observed it: %s", subject,
             why);
    break;
  case VT_REPORT_FORGOTTEN:
    name_subject(r, "value task", subject, sizeof subject);
    snprintf(text, size, "vt: %s was forgotten and failed: %s", subject, why);
    break;
  case VT_REPORT_DROPPED:
    name_subject(r, "promise", subject, sizeof subject);
    snprintf(text, size, "vt: %s was freed before it was completed", subject);
    break;
  case VT_REPORT_LEFT:
    name_subject(r, "value task", subject, sizeof subject);
    snprintf(text, size,
             "vt: %s is still pending, so the loop cannot be detached",
             subject);
    break;
  default:
    snprintf(text, size, "vt: report of an unknown kind");
  }
  return text;
}

void vt_report_stderr(void *arg, const vt_report_t *report) {
  char text[768];
  (void)arg;
  fprintf(stderr, "%s\n", vt_report_text(report, text, sizeof text));
}
