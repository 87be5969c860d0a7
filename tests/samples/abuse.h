/* SPDX-License-Identifier: MIT */
/* The table of abuse: what a server is sent, and what it must answer. The rows
 * are those of abuse.md; each has inputs of its own in abuse_*.c, and is played
 * whole to the server as a process, and cut at every byte to a server on the
 * loop of the test.
 *
 * Replies of RESP are tabled as they are. Answers of HTTP are tabled as words,
 * one for each: "400- " is a status, with '-' when it says that it closes and
 * '+' when it says to an old client that it does not; an H in front of it wants
 * no body, whatever its length. */
#ifndef VT_TEST_ABUSE_H
#define VT_TEST_ABUSE_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes: the head, the unit so many times, the tail. */
struct abuse_text {
  const char *head;
  size_t head_size;
  const char *unit;
  size_t unit_size, times;
  const char *tail;
  size_t tail_size;
};

/* The initializers of a text: a literal, with its zero bytes, and a long one.
 * */
#define BYTES(literal)                                                         \
  { .head = (literal), .head_size = sizeof(literal) - 1 }
#define REPEATED(before, what, count, after)                                   \
  {                                                                            \
    .head = (before), .head_size = sizeof(before) - 1, .unit = (what),         \
    .unit_size = sizeof(what) - 1, .times = (count), .tail = (after),          \
    .tail_size = sizeof(after) - 1                                             \
  }

/* What becomes of the connection behind the reply. */
enum abuse_end {
  STAYS,  /* it answers the next request; after a half close it ends */
  LEAVES, /* it ends, and the reply before that is read */
  SILENT, /* it ends, or is reset, without a word */
  WAITS   /* nothing more, until its time is over, or a half close */
};

struct abuse {
  const char *row;
  struct abuse_text in, out;
  enum abuse_end end;
};

/* A part of the table. */
struct abuse_part {
  const struct abuse *abuses;
  size_t count;
};

/* For a server with its usual limits; and for one with ABUSE_BULK_MAX. */
extern const struct abuse_part abuse_lengths, abuse_lines, abuse_commands;
#define ABUSE_BULK_MAX 10
extern const struct abuse_part abuse_limits;
/* For one with a password. */
#define ABUSE_PASSWORD "secret"
extern const struct abuse_part abuse_guest;
/* For the HTTP side. */
extern const struct abuse_part abuse_http_lines, abuse_http_fields,
    abuse_http_bodies, abuse_http_targets;

/* A server to talk to: connects, gives a descriptor or a negative; lets time
 * pass until the server may have done something. */
struct abuse_target {
  int (*connect)(void *arg);
  void (*turn)(void *arg, int fd);
  void *arg;
  const char *pong; /* what it answers to PING; NULL: +PONG */
  bool is_http;
};

/* How an input is sent: in two pieces, or each byte alone. */
struct abuse_way {
  size_t cut;
  bool bytewise;
  bool half_close; /* behind it, where the connection stays */
};

/* The bytes of a text, which the caller frees. */
char *abuse_make(const struct abuse_text *text, size_t *out_size);

/* The size of a text. */
size_t abuse_size(const struct abuse_text *text);

/* Reads an answer of HTTP at the front of data into its word; "? " for what is
 * none, and for one with a field that the server does not have. Its size, or 0
 * for more. */
#define ABUSE_WORD 8u
size_t abuse_answer(const char *data, size_t size, bool bodiless,
                    char out[ABUSE_WORD]);

/* Plays one input on a connection of its own. False, with what came on stderr,
 * when the reaction is not the tabled one. */
bool abuse_play(const struct abuse_target *target, const struct abuse *a,
                const struct abuse_way *way);

#endif
