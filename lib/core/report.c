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
  vt_report_t report = {.kind = kind,
                        .status = status,
                        .what = ops->kind,
                        .subject = subject,
                        .file = site ? site->file : NULL,
                        .line = site ? site->line : 0};
  hand_over(loop, &report);
}

void vt__report_forgotten(vt_loop_t *loop, const vt_op_t *block,
                          int64_t status) {
  if (status < 0 && status != UV_ECANCELED)
    vt__report_block(loop, VT_REPORT_FORGOTTEN, block, status);
}

void vt__report_untaken(vt_loop_t *loop, vt_op_t *block) {
  const vt_source_t *source = &block->source;
  int64_t status = source->ops->status(source, source->token);
  if (status == UV_ECANCELED || block->flags & VT__TOLD)
    return;
  block->flags |= VT__TOLD;
  vt__report_block(loop, VT_REPORT_NEVER_AWAITED, block, status);
}

void vt_loop_set_report(vt_loop_t *loop, vt_report_fn *fn, void *arg) {
  if (!loop)
    return;
  loop->report = fn;
  loop->report_arg = arg;
}

/* What each kind of report says of its subject, and whether a status tells
 * why. */
static const struct sentence {
  const char *noun;
  const char *says;
  bool why;
} sentences[] = {
    [VT_REPORT_NEVER_AWAITED] = {"value task",
                                 "was never awaited (use vt_await or "
                                 "vt_forget)",
                                 false},
    [VT_REPORT_UNOBSERVED] = {"task", "failed and nobody observed it", true},
    [VT_REPORT_FORGOTTEN] = {"value task", "was forgotten and failed", true},
    [VT_REPORT_DROPPED] = {"promise", "was freed before it was completed",
                           false},
    [VT_REPORT_LEFT] = {"value task",
                        "is still pending, so the loop cannot be detached",
                        false},
    [VT_REPORT_MISUSE] = {"value task", "was awaited again", false},
};

/* A misuse that is no second await. */
static const char *says_of(const vt_report_t *r) {
  bool misuse = r->kind == VT_REPORT_MISUSE;
  if (misuse && r->status == VT_EPENDING)
    return "was taken before it completed";
  if (misuse && r->status == VT_ESTALE && !r->first_file)
    return "was stale when it was awaited";
  return sentences[r->kind].says;
}

enum { PLACE = 160 };

/* Words and a line; nothing without a file. */
static void place(char *text, const char *words, const char *file,
                  unsigned line) {
  text[0] = 0;
  if (file)
    snprintf(text, PLACE, "%s%s:%u", words, file, line);
}

char *vt_report_text(const vt_report_t *r, char *text, size_t size) {
  char made[PLACE], used[PLACE], first[PLACE];
  if ((size_t)r->kind >= sizeof sentences / sizeof *sentences) {
    snprintf(text, size, "vt: report of an unknown kind");
    return text;
  }
  const struct sentence *s = &sentences[r->kind];
  const char *subject = r->subject ? r->subject : "";
  place(made, " made at ", r->file, r->line);
  place(used, " at ", r->used_file, r->used_line);
  place(first, "; its first await was at ", r->first_file, r->first_line);
  snprintf(text, size, "vt: %s%s %s%s%s%s%s [%s%s%s]", s->noun, made,
           says_of(r), used, first, s->why ? ": " : "",
           s->why ? vt_strerror(r->status) : "", r->what ? r->what : "",
           *subject ? " " : "", subject);
  return text;
}

void vt_report_stderr(void *arg, const vt_report_t *report) {
  char text[768];
  (void)arg;
  fprintf(stderr, "%s\n", vt_report_text(report, text, sizeof text));
}
