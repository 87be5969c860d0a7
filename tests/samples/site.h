/* SPDX-License-Identifier: MIT */
/* A cache server as a process of its own, with its files, and connections to
 * it. The program is named by the environment: VT_CACHE_SERVER. */
#ifndef VT_TEST_SITE_H
#define VT_TEST_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define SITE_CSV "../samples/countries/iso_3166-1.csv"

struct site {
  char dir[64];
  char db[96], csv[96], log[96], errors[96]; /* files in dir */
  pid_t pid;                                 /* 0: not running */
  int port, http_port; /* the second one with --http-port only */
  int files_max;       /* descriptors that the server may have; 0: as usual */
  char text[4096];
};

/* For cmocka: a folder with a database of the real countries. */
int site_setup(void **state);

/* Ends a server that runs, as nobody's success, and removes the folder. */
int site_teardown(void **state);

#define site_test(name)                                                        \
  cmocka_unit_test_setup_teardown(name, site_setup, site_teardown)

/* Starts the server with these arguments, a list that ends in NULL. True when
 * it said that it listens. */
bool site_run(struct site *s, const char *const *arguments);

/* The same with --port 0 and --db, and two more, which may be NULL. */
bool site_start(struct site *s, const char *option, const char *value);

/* Waits for the server's end: its exit status, -1 for anything else. */
int site_wait(struct site *s);

/* Sends a signal, then waits. */
int site_stop(struct site *s, int number);

/* What the server wrote on stderr, and what a file holds: up to what fits into
 * s->text. */
const char *site_errors(struct site *s);
const char *site_read(struct site *s, const char *path);

/* Replaces the contents of a file. */
bool site_write(const char *path, const void *data, size_t size);

/* A connection whose calls give up after ten seconds; negative on failure. */
int site_connect(const struct site *s);
int site_connect_http(const struct site *s);

/* Sends and reads exactly what is wanted, and says on stderr what came instead.
 * NULL request: only reads. */
bool site_ask(int fd, const char *request, size_t size, const char *wanted,
              size_t wanted_size);

/* The same for strings. */
bool site_says(int fd, const char *request, const char *wanted);

/* What is said to a server, and its answer. */
struct site_exchange {
  const char *request, *reply;
};

/* Starts the server, says all that on one connection, and stops it well; it
 * must not have complained. */
bool site_plays(struct site *s, const struct site_exchange *exchanges,
                size_t count);

#define SITE_PLAYS(s, exchanges)                                               \
  assert_true(                                                                 \
      site_plays((s), (exchanges), sizeof(exchanges) / sizeof *(exchanges)))

/* True when the peer closes now, with nothing before it. */
bool site_is_closed(int fd);

/* A fresh client is answered. */
bool site_serves(const struct site *s);

/* Descriptors that the server has open; its memory in bytes. */
int site_files(const struct site *s);
size_t site_memory(const struct site *s);

/* Its descriptors with so many clients, when all others that there were are
 * gone, by its own count; -1 when they are not. */
int site_files_at_rest(const struct site *s, int clients);

#endif
