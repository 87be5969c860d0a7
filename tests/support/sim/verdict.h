/* SPDX-License-Identifier: MIT */
/* What a simulation found, in words: the first thing noted stays. */
#ifndef VT_SIM_VERDICT_H
#define VT_SIM_VERDICT_H

#include "support/sim/sim.h"

/* Notes a status and a sentence of two parts. */
void vt__sim_note(vt_sim_result_t *out, int64_t status, const char *text,
                  const char *detail);
/* The sentence begins with a number. */
void vt__sim_note_count(vt_sim_result_t *out, int64_t status, uint64_t count,
                        const char *text);
/* The sentence ends with what the loop still has. */
void vt__sim_note_left(vt_sim_result_t *out, int64_t status, const char *text,
                       vt_loop_t *vt);
/* Handles that keep the loop from being closed. */
void vt__sim_note_handles(vt_sim_result_t *out, uv_loop_t *uv);
/* A report of the library; what keeps a loop from being detached is none. */
void vt__sim_note_report(vt_sim_result_t *out, const vt_report_t *report);

#endif
