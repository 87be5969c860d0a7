/* SPDX-License-Identifier: MIT */
/* Other programs: run to the end, or in the background. */
#ifndef BENCH_CHILD_H
#define BENCH_CHILD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CHILD_ABSENT (-2) /* no such program */

/* Runs argv to its end and keeps the last bytes that it wrote to fd (1 or 2) in
 * text, a string. Gives the exit status, CHILD_ABSENT, or -1. */
int child_capture(const char *const *argv, int fd, char *text, size_t size);

/* Starts argv in the background, silent; gives *out_pid. 0, CHILD_ABSENT or -1.
 */
int child_start(const char *const *argv, pid_t *out_pid);

/* Asks it to end, and waits. 0 when it ended by itself or by the signal. */
int child_stop(pid_t pid);

/* CPU time of another process, all its threads; 0 when it is gone. */
uint64_t child_cpu_ns(pid_t pid);

/* A file in the folder of program, or below it. */
void child_beside(const char *program, const char *file, char *path,
                  size_t size);

#endif
