/* SPDX-License-Identifier: MIT */
/* An incremental parser of requests: arrays of bulk strings and inline
 * commands, pipelined, binary safe, without copying. The answer is the same
 * however the input is cut, and memory grows with what has come, never with
 * what was declared. */
#ifndef RESP_H
#define RESP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An inline command, or a line that holds a length. */
#define RESP_LINE_MAX ((size_t)64 * 1024)
#define RESP_ARGUMENTS_MAX ((size_t)1024 * 1024)
/* Redis' own limit: past it a length counts as nonsense. */
#define RESP_BULK_NEVER ((int64_t)512 * 1024 * 1024)

/* Of a client that has not said its password. */
#define RESP_GUARDED_ARGUMENTS 10
#define RESP_GUARDED_BULK (16 * 1024)

/* Zero stands for the value behind it. */
struct resp_limits {
  size_t bulk;    /* one argument; 64 MiB */
  size_t request; /* all arguments of a request; bulk + 64 KiB */
};

/* One argument. */
struct resp_slice {
  const char *data;
  size_t size;
};

enum resp_event {
  RESP_MORE,    /* nothing can be said before more bytes come */
  RESP_REQUEST, /* a request: argc > 0 arguments in argv */
  RESP_TOO_BIG, /* a request over a limit was skipped: answer with an error */
  RESP_BAD,     /* not RESP: answer with error, then close */
  RESP_FOREIGN, /* HTTP: close without a word */
  RESP_NOMEM,   /* no memory for the arguments: close */
  RESP_GO_ON    /* private: between the parser's states */
};

/* Caller's memory. Read-only: argc and argv after RESP_REQUEST, error (a
 * string, printable) after RESP_BAD and RESP_TOO_BIG. The rest is private. */
struct resp_parser {
  size_t argc;
  struct resp_slice *argv;
  char error[64];

  struct resp_limits limits;
  bool guarded;  /* by resp_guard */
  bool quick;    /* what is short is within all limits */
  bool skipping; /* over a limit: nothing of the request stays */
  int state;
  size_t at;      /* so much of the data is parsed */
  size_t scanned; /* so much is searched for a line end */
  size_t left;    /* arguments that must still come */
  size_t bulk;    /* bytes that must still come of the argument */
  size_t taken;   /* bytes of arguments in this request */
  size_t capacity;
};

/* Begins. Copies limits; NULL stands for all zero. Cannot fail. */
void resp_init(struct resp_parser *p, const struct resp_limits *limits);

/* Guarded, a request of more than RESP_GUARDED_ARGUMENTS, or an argument of
 * more than RESP_GUARDED_BULK bytes, is RESP_BAD. Between requests. */
void resp_guard(struct resp_parser *p, bool guarded);

/* Exchanges the memory for arguments of two parsers that are between
 * requests. */
void resp_swap(struct resp_parser *a, struct resp_parser *b);

/* Frees the arguments. */
void resp_close(struct resp_parser *p);

/* Goes on with the bytes that came: data begins with the first byte that was
 * not used, and holds size. Sets *out_used: so many bytes at the front are done
 * with and must not be given again; the others must be, followed by what comes,
 * and may stand elsewhere then. The slices of a request lie in the used bytes,
 * borrowed until the next call or until those bytes go. Inline commands are
 * unquoted in place. After RESP_BAD, RESP_FOREIGN and RESP_NOMEM it must not be
 * called again. */
enum resp_event resp_next(struct resp_parser *p, char *data, size_t size,
                          size_t *out_used);

/* True between requests where a short one is within all limits: its bytes may
 * then be answered without the parser (resp_quick.h). */
bool resp_is_quick(const struct resp_parser *p);

/* True while a part of a request has come. */
bool resp_is_within(const struct resp_parser *p);

#endif
