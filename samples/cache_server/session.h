/* SPDX-License-Identifier: MIT */
/* What a connection has said of itself with CLIENT, HELLO and AUTH, and what
 * its commands keep from one to the next. */
#ifndef SESSION_H
#define SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <vt.h>

#define SESSION_LIBRARY_MAX 31
#define SESSION_VERSION_MAX 15

struct client;
struct command;

enum session_replies {
  SESSION_REPLIES,   /* all of them */
  SESSION_SKIP_NEXT, /* but the next one */
  SESSION_SKIPPING,  /* this one is not sent */
  SESSION_SILENT     /* none */
};

struct session {
  bool authenticated; /* or nobody needs to be */
  enum session_replies replies;
  unsigned failures;             /* of AUTH */
  const struct command *command; /* the last one; NULL: none */
  uint64_t began_ms;
  vt_t pause; /* what a failed AUTH waits for */
  char library[SESSION_LIBRARY_MAX + 1];
  char version[SESSION_VERSION_MAX + 1];
};

/* For a client that has its server: as it is after the connection. */
void session_begin(struct client *c);

/* A wait that is of no use to a client that goes away ends. */
void session_end(struct client *c);

#endif
