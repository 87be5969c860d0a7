/* SPDX-License-Identifier: MIT */
/* Status codes. A status is 0 (succeeded) or negative: libuv's own UV_E...
 * numbers for what the system says, and the numbers below for misuse of the
 * library, each its own, in every build. The idea of one negative code in the
 * immediate return and in the completion is libuv's. */
#ifndef VT_ERROR_H
#define VT_ERROR_H

#include <stdint.h>

#include "vt/export.h"

#ifdef __cplusplus
extern "C" {
#endif

/* name, number, text. One table, from which the enum and the texts come. */
#define VT_ERRNO_MAP(XX)                                                       \
  XX(VT_ESTALE, -20001, "value task was already awaited, taken or converted")  \
  XX(VT_EPENDING, -20002, "result was taken before the value task completed")  \
  XX(VT_EAWAITED, -20003, "value task already has a continuation")             \
  XX(VT_EDONE, -20004, "already completed; the first result stays")            \
  XX(VT_ETHREAD, -20005, "value task belongs to another thread's loop")        \
  XX(VT_ESTATUS, -20006, "a failure was given a status that is not negative")  \
  XX(VT_ENOLOOP, -20007, "no loop is attached on this thread")                 \
  XX(VT_EDROPPED, -20008, "promise was dropped before it was completed")       \
  XX(VT_ESTATE, -20009, "async function was resumed where it cannot be")

typedef enum vt_errno {
#define XX(name, number, text) name = number,
  VT_ERRNO_MAP(XX)
#undef XX
} vt_errno_t;

/* The name of a status ("VT_ESTALE", "ENOENT", "OK"), vt's and libuv's. Any
 * number is answered: an unknown one gives "UNKNOWN". Borrows: the text is
 * static. Any thread. */
VT_API const char *vt_err_name(int64_t status);

/* The text of a status in words, vt's and libuv's; the rules of
 * vt_err_name. */
VT_API const char *vt_strerror(int64_t status);

#ifdef __cplusplus
}
#endif
#endif
