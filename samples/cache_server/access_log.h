/* SPDX-License-Identifier: MIT */
/* The log: lines through a buffered writer. Who asks for room first loses no
 * line while the disk keeps up; while it is full, or does not answer, lines are
 * dropped and counted, and the service goes on.
 *
 * Each loop has a log of its own. Several may append to one file: what is
 * handed to the OS at once are whole lines, which it does not mix. */
#ifndef ACCESS_LOG_H
#define ACCESS_LOG_H

#include <vt.h>

#include "log_line.h"

struct access_log;

/* Opens a log that appends to the file at path, which it copies; lines are
 * JSON's if json is true. Completes with the log in value.p (access_log_close).
 * Errors of open(2), UV_ENOMEM. */
VT_MUST_USE vt_t access_log_open(const char *path, bool json);

/* True when a line will not be dropped, or waiting does not help. */
bool access_log_has_room(const struct access_log *log);

/* Completes when it is worth asking again for room. Any number may wait. */
VT_MUST_USE vt_t access_log_wait(struct access_log *log);

/* Adds a line, whose time and, where it is NULL, level are set here. In hand
 * always: without room it is dropped. */
void access_log_add(struct access_log *log, const struct log_line *line);

/* To be called a few times a second: begins to hand what is buffered to the OS,
 * and lets nobody wait for a disk that does not answer. */
void access_log_tick(struct access_log *log);

/* Goes on in the file that has the path now, after a rotation; the old one gets
 * all lines added before. While that cannot be opened it goes on in the old
 * one, and stderr is told. */
void access_log_reopen(struct access_log *log);

/* Lines dropped since the beginning. Any thread. */
uint64_t access_log_dropped(const struct access_log *log);

/* Writes what is buffered and closes the file; takes the log. Completes with
 * the first error. */
VT_MUST_USE vt_t access_log_close(struct access_log *log);

#endif
