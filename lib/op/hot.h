/* SPDX-License-Identifier: MIT */
/* Files that memory can answer, for fs.c. All on the loop's thread; each says
 * false (or -1) when the pool has to do it, nothing done. */
#ifndef VT_OP_HOT_H
#define VT_OP_HOT_H

#include <uv.h>

#include "vt/value_task.h"

/* Gives in *out the read in hand, or the one of the rest that was not cached;
 * size and offset as vt_fs_read's. */
bool vt__hot_read(uv_file file, void *buffer, size_t size, int64_t offset,
                  vt_t *out);

/* The open file, or -1. */
uv_file vt__hot_open(const char *path, int flags);

/* Fills *out as uv_fs_fstat does; as uv_fs_stat or, without follow, uv_fs_lstat
 * does. */
bool vt__hot_fstat(uv_file file, uv_stat_t *out);
bool vt__hot_stat(const char *path, bool follow, uv_stat_t *out);

/* The number of the file may be another's from now on. */
void vt__hot_closed(uv_file file);

#endif
