/* SPDX-License-Identifier: MIT */
/* A line of the log, in one of two forms:
 *
 *     time=2025-11-21T01:23:45.678Z level=info event=command client=[::1]:4711
 *     id=7 command=GET args="country:276" us=12
 *
 * or the same as an object of JSON, whose args are a list. What comes from a
 * client is cut, and all but printable ASCII in it is escaped as in JSON, byte
 * by byte, so that a line is one line and can be read back. */
#ifndef LOG_LINE_H
#define LOG_LINE_H

#include <stdbool.h>

#include "resp.h"

/* No line is longer. */
#define LOG_LINE_MAX 2304
#define LOG_LINE_UNTIMED UINT64_MAX

/* What is NULL or, of numbers but us, 0 is left out. */
struct log_line {
  const char *time;
  const char *level;
  const char *event;
  const char *client;
  uint64_t id;
  const struct resp_slice *argv; /* of a command; with argc and us */
  size_t argc;
  uint64_t us; /* how long it took, or LOG_LINE_UNTIMED */
  const char *detail;
};

/* Writes a line with its newline to out, LOG_LINE_MAX bytes; returns its
 * size. */
size_t log_line_write(const struct log_line *line, bool json, char *out);

#endif
