/* SPDX-License-Identifier: MIT */
/* The access log: lines through a buffered writer. Who asks for room first
 * loses no line while the disk keeps up; while it is full, or does not answer,
 * lines are dropped and counted, and the service goes on. */
#ifndef ACCESS_LOG_H
#define ACCESS_LOG_H

#include <vt.h>

#include "resp.h"

struct access_log;

/* A log that appends to file, which it takes (also on failure). Gives *out
 * (access_log_close). UV_ENOMEM. */
int access_log_new(uv_file file, struct access_log **out);

/* True when a line will not be dropped, or waiting does not help. */
bool access_log_has_room(const struct access_log *log);

/* Completes when it is worth asking again for room. Any number may wait. */
VT_MUST_USE vt_t access_log_wait(struct access_log *log);

/* Adds a line for a request of peer: the time, the peer, and the first words of
 * the request, quoted, cut and escaped. In hand always: without room it is
 * dropped. */
void access_log_add(struct access_log *log, const char *peer,
                    const struct resp_slice *argv, size_t argc);

/* To be called a few times a second: begins to hand what is buffered to the OS,
 * and lets nobody wait for a disk that does not answer. */
void access_log_tick(struct access_log *log);

/* Lines dropped since the beginning. */
uint64_t access_log_dropped(const struct access_log *log);

/* Writes what is buffered and closes the file; takes the log. Completes with
 * the first error. */
VT_MUST_USE vt_t access_log_close(struct access_log *log);

#endif
