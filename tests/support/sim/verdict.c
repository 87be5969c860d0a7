/* SPDX-License-Identifier: MIT */
/* What a simulation found, in words. */
#include "support/sim/verdict.h"

#include <stdio.h>
#include <string.h>

void vt__sim_note(vt_sim_result_t *out, int64_t status, const char *text,
                  const char *detail) {
  if (out->status != 0)
    return;
  out->status = status;
  snprintf(out->text, sizeof out->text, "%s%s", text, detail);
}

void vt__sim_note_count(vt_sim_result_t *out, int64_t status, uint64_t count,
                        const char *text) {
  char number[32];
  snprintf(number, sizeof number, "%llu ", (unsigned long long)count);
  vt__sim_note(out, status, number, text);
}

/* A list of names, cut where it gets long. */
struct names {
  char text[256];
};

static void add(struct names *names, const char *name, const char *more) {
  size_t used = strlen(names->text);
  snprintf(names->text + used, sizeof names->text - used, "%s%s%s%s",
           used ? ", " : "", name, *more ? " " : "", more);
}

static void add_entry(void *arg, const vt_loop_entry_t *entry) {
  if (!entry->completed)
    add(arg, entry->kind, entry->subject);
}

void vt__sim_note_left(vt_sim_result_t *out, int64_t status, const char *text,
                       vt_loop_t *vt) {
  struct names names = {""};
  vt_loop_walk(vt, add_entry, &names);
  vt__sim_note(out, status, text, names.text);
}

static void add_handle(uv_handle_t *handle, void *arg) {
  add(arg, uv_handle_type_name(handle->type), "");
}

void vt__sim_note_handles(vt_sim_result_t *out, uv_loop_t *uv) {
  struct names names = {""};
  uv_walk(uv, add_handle, &names);
  vt__sim_note(out, VT_SIM_EUNFINISHED,
               "open when the body was over: ", names.text);
}

void vt__sim_note_report(vt_sim_result_t *out, const vt_report_t *report) {
  static const int64_t statuses[] = {
      [VT_REPORT_NEVER_AWAITED] = VT_SIM_ENEVERAWAITED,
      [VT_REPORT_UNOBSERVED] = VT_SIM_EUNOBSERVED,
      [VT_REPORT_FORGOTTEN] = VT_SIM_EFORGOTTEN,
      [VT_REPORT_DROPPED] = VT_SIM_EDROPPED,
  };
  char text[300];
  size_t kind = (size_t)report->kind;
  if (kind < sizeof statuses / sizeof *statuses)
    vt__sim_note(out, statuses[kind], vt_report_text(report, text, sizeof text),
                 "");
}

const char *vt_sim_err_name(int64_t status) {
  switch (status) {
  case VT_SIM_ELEAK:
    return "VT_SIM_ELEAK";
  case VT_SIM_EUNOBSERVED:
    return "VT_SIM_EUNOBSERVED";
  case VT_SIM_EFORGOTTEN:
    return "VT_SIM_EFORGOTTEN";
  case VT_SIM_ENEVERAWAITED:
    return "VT_SIM_ENEVERAWAITED";
  case VT_SIM_EDROPPED:
    return "VT_SIM_EDROPPED";
  case VT_SIM_EUNFINISHED:
    return "VT_SIM_EUNFINISHED";
  case VT_SIM_EDEADLOCK:
    return "VT_SIM_EDEADLOCK";
  case VT_SIM_ELIMIT:
    return "VT_SIM_ELIMIT";
  default:
    return vt_err_name(status);
  }
}
