/* SPDX-License-Identifier: MIT */
/* Files that memory can answer. On Linux vt_fs_read, vt_fs_open and the stats
 * (<vt/fs.h>) complete before they return when the kernel has what they ask for
 * in memory and says so without waiting; else, and on other systems, libuv's
 * pool does it. The outcome is the same: every failure is the pool's own.
 *
 *   read   of a regular file whose pages are cached, on file systems that can
 *          tell (ext4, xfs, btrfs, f2fs, ...): in hand. Of one read 256 KiB at
 *          most are copied on the loop; the pool reads what is over, and what
 *          was not cached, and the counts are added. When that fails or is
 *          cancelled, the count of the part is the result. Not with O_DIRECT.
 *   open   for reading alone, of a regular file or a directory whose path the
 *          kernel has cached: completed, though not in hand, so that it is
 *          closed when it is forgotten as one of the pool is.
 *   stat   and lstat of a cached path, and fstat, of what lies on such a file
 *          system: in hand.
 *
 * Network file systems, FUSE, devices, pipes, sockets and /proc are the pool's.
 * A kernel, or a seccomp filter, that refuses these calls is not asked again.
 *
 * Operations on one file that are under way at once have no order, as in the
 * pool: a read in hand may overtake a write that is pending. A loop of hits
 * never turns the uv loop: vt_yield now and then. */
#ifndef VT_HOT_H
#define VT_HOT_H

#include "vt/loop.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Off: what is begun on this loop goes to the pool, always. On is the state
 * after attach. For comparing the two, for hosts where even a cached open or
 * read may wait (a virus scanner that is asked for each one), and for sandboxes
 * that end a process for a call they do not know. On the loop's thread; NULL is
 * ignored. */
VT_API void vt_fs_set_hot(vt_loop_t *loop, bool hot);

#ifdef __cplusplus
}
#endif
#endif
