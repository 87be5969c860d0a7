/* SPDX-License-Identifier: MIT */
/* Reports: what the library saw that no call could answer. A value task that
 * was never awaited, a failure that nobody observed, a promise dropped.
 * Deterministic, where C# waits for its collector. Cancellation is never
 * reported. And, from files compiled with -DVT_DEBUG, the lines of a misuse,
 * which elsewhere is answered by its status and counted:
 *
 *     vt: value task made at app.c:12 was awaited again at app.c:30; its first
 *     await was at app.c:20 [fs_read file 7]
 *
 * A conversion (vt_as_task, vt_preserve), and a result taken, count as awaits.
 * The lines are kept until the second operation after it in the same block. */
#ifndef VT_REPORT_H
#define VT_REPORT_H

#include <stddef.h>
#include <stdint.h>

#include "vt/export.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum vt_report_kind {
  VT_REPORT_NEVER_AWAITED, /* completed, never taken: at scope end or detach */
  VT_REPORT_UNOBSERVED,    /* a task's failure that nobody looked at */
  VT_REPORT_FORGOTTEN,     /* a failure dropped by vt_forget */
  VT_REPORT_DROPPED,       /* a promise freed before it was completed */
  VT_REPORT_LEFT,          /* what keeps a loop from being detached */
  VT_REPORT_MISUSE         /* awaited or converted again, or taken early */
} vt_report_kind_t;

/* The pointers are borrowed until the report function returns. */
typedef struct vt_report {
  vt_report_kind_t kind;
  int64_t status;      /* of the failure; 0 where there is none */
  const char *what;    /* kind of the source: "fs_read", "task", … */
  const char *subject; /* a path, an address, …; "" where there is none */
  const char *file;    /* where it was made, under VT_DEBUG; else NULL */
  unsigned line;

  const char *used_file; /* of a misuse: where it was; else NULL */
  unsigned used_line;
  const char *first_file; /* and its first await; NULL when not known */
  unsigned first_line;
} vt_report_t;

/* Called on the loop's thread (for tasks: the thread of the last release). Must
 * not begin or complete anything. */
typedef void vt_report_fn(void *arg, const vt_report_t *report);

/* The report as a full sentence, without a newline, cut to size bytes with the
 * terminating zero. Returns text. */
VT_API char *vt_report_text(const vt_report_t *report, char *text, size_t size);

/* A ready-made report function: the sentence and a newline to stderr. arg is
 * not used. */
VT_API void vt_report_stderr(void *arg, const vt_report_t *report);

#ifdef __cplusplus
}
#endif
#endif
