/* SPDX-License-Identifier: MIT */
/* What hot.c and hot_read.c share on Linux: system calls that never wait, and
 * what they have taught. All on the loop's thread. */
#ifndef VT_OP_HOT_PROBE_H
#define VT_OP_HOT_PROBE_H

/* With _GNU_SOURCE, which a file that includes this defines. */
#ifdef __linux__
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#endif

#if defined(SYS_openat2) && defined(SYS_statx) && defined(SYS_preadv2) &&      \
    defined(STATX_ATTR_NODUMP) && defined(RWF_NOWAIT)
#define VT__HOT 1

#include "core/loop.h"

/* What the kernel, or a filter, refuses to this process. */
enum vt__hot_call { VT__HOT_READ = 1, VT__HOT_OPEN = 2, VT__HOT_LOOK = 4 };

/* This thread's loop; NULL: no loop, switched off, one of the calls refused, or
 * the current scope cancelled. */
vt_loop_t *vt__hot_loop(unsigned calls);

/* Notes that a call is refused, for good. */
void vt__hot_refuse(enum vt__hot_call call);

/* What the kernel knows of the file without asking a server. */
bool vt__hot_look(int fd, struct statx *out);

/* The loop's note about a file by its number, blank when it was of another. */
static inline vt__file_note_t *vt__hot_note(vt_loop_t *loop, int fd) {
  vt__file_note_t *note = &loop->files.notes[(unsigned)fd % VT__FILE_NOTES];
  if (!VT_LIKELY(note->fd == fd)) {
    vt__file_note_t blank = {.fd = fd};
    *note = blank;
  }
  return note;
}

#endif
#endif
