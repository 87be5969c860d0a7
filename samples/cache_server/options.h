/* SPDX-License-Identifier: MIT */
/* The command line of vt-cache-server. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stdio.h>
#include <vt.h>

/* Borrows from argv. Optional paths are NULL when not given. */
struct options {
  const char *bind;
  int port;
  const char *db_path;
  const char *csv_path;
  const char *log_path;
  bool help;
  struct sockaddr_storage address; /* bind and port */
};

/* Reads the options into *out. UV_EINVAL, with one line in error (size bytes),
 * for what is unknown, doubled, without its value or wrong, and for a missing
 * --db (but with --help). */
int options_read(int argc, char **argv, struct options *out, char *error,
                 size_t size);

/* Prints how the program is called. */
void options_print_usage(FILE *to);

#endif
