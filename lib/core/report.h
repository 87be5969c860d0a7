/* SPDX-License-Identifier: MIT */
/* Making reports. Each counts, and calls the loop's report function if set. */
#ifndef VT_CORE_REPORT_H
#define VT_CORE_REPORT_H

#include "vt/bridge.h"
#include "vt/report.h"

/* A report on a block of the loop; the site is looked up. */
void vt__report_block(vt_loop_t *loop, vt_report_kind_t kind,
                      const vt_op_t *block, int64_t status);

/* A failure whose continuation was forgotten; nothing for success and
 * cancellation. */
void vt__report_forgotten(vt_loop_t *loop, const vt_op_t *block,
                          int64_t status);

/* A result that waits to be taken, and that nobody took: told once; nothing for
 * a cancellation. */
void vt__report_untaken(vt_loop_t *loop, vt_op_t *block);

/* The source that a report on the block is about: its own, or what it waits
 * for. */
const vt_source_t *vt__report_about(const vt_op_t *block);

/* A report on what has no block, on this thread's loop if it has one. */
void vt__report(const vt_report_t *report);

#endif
