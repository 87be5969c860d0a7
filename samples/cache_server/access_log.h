/* SPDX-License-Identifier: MIT */
/* The access log: lines through a buffered writer. A line is taken at once and
 * never waited for; while the disk is slow or full lines are dropped and
 * counted, and the service goes on. */
#ifndef ACCESS_LOG_H
#define ACCESS_LOG_H

#include <vt.h>

#include "resp.h"

struct access_log;

/* A log that appends to file, which it takes (also on failure). Gives *out
 * (access_log_close). UV_ENOMEM. */
int access_log_new(uv_file file, struct access_log **out);

/* Adds a line for a request of peer: the time, the peer, and the first words of
 * the request, quoted, cut and escaped. Dropped when the buffers are full. */
void access_log_add(struct access_log *log, const char *peer,
                    const struct resp_slice *argv, size_t argc);

/* Begins to hand what is buffered to the OS, if that is not under way. */
void access_log_flush(struct access_log *log);

/* Lines dropped since the beginning. */
uint64_t access_log_dropped(const struct access_log *log);

/* Writes what is buffered and closes the file; takes the log. Completes with
 * the first error. */
VT_MUST_USE vt_t access_log_close(struct access_log *log);

#endif
