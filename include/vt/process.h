/* SPDX-License-Identifier: MIT */
/* Child processes: started, awaited, signalled, and never left as zombies. All
 * on one loop's thread. */
#ifndef VT_PROCESS_H
#define VT_PROCESS_H

#include "vt/value_task.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vt_process vt_process_t;

/* Starts a program as uv_spawn does, and gives an object for it, end it by
 * vt_process_close. Borrows options until the call returns; their exit_cb must
 * be NULL (the exit is vt_process_wait's), and the pipes of their stdio are
 * yours, to be closed also on failure. An error of the child before it runs the
 * program is an error here: UV_ENOENT, UV_EACCES and so on; UV_EINVAL for
 * options without a file or with flags that there are not, VT_ENOLOOP,
 * UV_ENOMEM. */
VT_API int vt_spawn(const uv_process_options_t *options, vt_process_t **out);

/* Completes when the program has ended, in hand when it has, any number of
 * times. value.i: its exit status, 0 or more, or minus the number of the signal
 * that ended it. Cancelled, it leaves the program alone. UV_EBADF after the
 * close. */
VT_API VT_MUST_USE vt_t vt_process_wait(vt_process_t *process);

/* Sends a signal; 0 looks whether the program still runs. UV_ESRCH once it has
 * ended: another one that got its number is never hit. UV_EINVAL for a number
 * that there is not. Also while the object closes. */
VT_API int vt_process_kill(vt_process_t *process, int signum);

/* Takes the object, and completes when the program has ended too, so that
 * nothing of it is left: end it first, or have it end. A program started with
 * UV_PROCESS_DETACHED is let go at once, and waits for it get UV_ECANCELED; if
 * it ends before this process does, its entry in the kernel stays that long. As
 * vt_close otherwise. */
VT_API VT_MUST_USE vt_t vt_process_close(vt_process_t *process);

/* The handle, which has the pid; borrowed until the close. */
VT_API uv_process_t *vt_process_uv(vt_process_t *process);

#ifdef __cplusplus
}
#endif
#endif
