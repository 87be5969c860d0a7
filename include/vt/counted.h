/* SPDX-License-Identifier: MIT */
/* Memory that counts its owners, on any thread: for values that are handed
 * round and kept by some, such as those of a snapshot (<vt/snapshot.h>).
 *
 *     struct dict *d;
 *     int rc = vt_counted_new(sizeof *d, dict_close, (void **)&d);
 *     ...
 *     kept = vt_counted_retain(d);           one owner more, on any thread
 *     vt_counted_release(kept);              the last one ends it */
#ifndef VT_COUNTED_H
#define VT_COUNTED_H

#include <stddef.h>

#include "vt/export.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Ends what a counted block holds, before its memory goes. */
typedef void vt_counted_close_fn(void *block);

/* Gives a zeroed block of size bytes with one owner, aligned for any type
 * (vt_counted_release). close may be NULL. UV_ENOMEM, UV_EINVAL. Any thread. */
VT_API int vt_counted_new(size_t size, vt_counted_close_fn *close, void **out);

/* Adds an owner and returns the block, which may be const for them all; NULL
 * gives NULL. Any thread that has it already. */
VT_API void *vt_counted_retain(const void *block);

/* Ends one ownership; the last one closes and frees, on its thread. NULL is
 * accepted. Any thread. */
VT_API void vt_counted_release(const void *block);

/* The same in the form in which snapshots drop their values. */
VT_API void vt_counted_drop(void *arg, void *block);

#ifdef __cplusplus
}
#endif
#endif
