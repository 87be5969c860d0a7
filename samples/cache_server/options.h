/* SPDX-License-Identifier: MIT */
/* The options of vt-cache-server. Each may be given on the command line
 * (--max-clients 100), in the environment (VT_CACHE_SERVER_MAX_CLIENTS=100)
 * and in a file (a line "max-clients 100"), which --config names; the first of
 * these that has it counts. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stdio.h>
#include <vt.h>

#include "server.h"

#define OPTIONS_ADDRESSES_MAX 8

/* Texts are borrowed from argv and the environment, or belong to the file's.
 * Those not given are NULL. */
struct options {
  const char *config_path;
  const char *bind; /* numeric addresses with commas between them */
  uint64_t port;
  uint64_t http_port;
  bool http; /* http_port was given */
  const char *unix_path;
  uint64_t unix_mode;
  const char *db;
  uint64_t db_look_ms; /* of countries_look_every */
  const char *csv_path;
  const char *password_path;
  const char *log_path;
  bool log_json;
  uint64_t loops;
  bool reuse_port;
  struct server_options server;
  bool help;

  /* What bind says, without a port. */
  struct sockaddr_storage addresses[OPTIONS_ADDRESSES_MAX];
  size_t address_count;
  char *file; /* the text of the file; NULL: none */
};

/* Reads the options into *out (options_free). environment: as environ; NULL:
 * none. UV_EINVAL, with one line in error (size bytes) that names where it
 * stands, for what is unknown, doubled, without its value or wrong, and for a
 * missing --db (but with --help); UV_ENOMEM; of a file that cannot be read its
 * status, with a line too. */
int options_read(int argc, char **argv, char *const *environment,
                 struct options *out, char *error, size_t size);

/* Frees the file's text. */
void options_free(struct options *o);

/* Prints how the program is called. */
void options_print_usage(FILE *to);

#endif
