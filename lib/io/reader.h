/* SPDX-License-Identifier: MIT */
/* The reader inside: its calls, and what fills its buffer.
 *
 * buffer[at, end) came from the stream and is not read; a read of the stream
 * that is under way writes behind end, so that nothing moves before it is over.
 * A call is answered from the buffer as far as it goes (reader.c); what is
 * missing is asked of the stream, one read at a time (reader_fill.c). */
#ifndef VT_IO_READER_H
#define VT_IO_READER_H

#include "sync/wait_list.h"
#include "vt/reader.h"

enum vt__reader_phase {
  VT__READER_OPEN,
  VT__READER_CLOSING, /* until the stream's read is over */
  VT__READER_ENDING,  /* the stream's close is under way */
  VT__READER_CLOSED
};

enum vt__read_kind {
  VT__READ_SOME,
  VT__READ_EXACT, /* and skip, whose out is NULL */
  VT__READ_PEEK,
  VT__READ_LINE,
  VT__READ_UNTIL
};

/* What is asked for, and how far it has come. */
typedef struct vt__read_call {
  enum vt__read_kind kind;
  bool whole;      /* read exact: nothing before there is all */
  bool large;      /* its bytes need not come through the buffer */
  bool waits;      /* it is of a vt__read_t */
  bool cancelled;  /* while its own memory is written to */
  uint8_t *out;    /* the caller's */
  size_t size;     /* asked for */
  size_t done;     /* of size: in out, or skipped */
  size_t searched; /* of the unread bytes, without a delimiter */
  size_t consumed; /* by its result: unread again when nobody takes that */
  vt_result_t result;
} vt__read_call_t;

/* A call that waits. wait.about is not used. */
typedef struct vt__read {
  vt__wait_t wait;
  vt_reader_t *r;
  vt__read_call_t call;
} vt__read_t;

static inline vt_reader_t *vt__reader_of_calls(vt_wait_list_t *list) {
  return VT__WAIT_OWNER(list, vt_reader_t, calls);
}

static inline size_t vt__reader_unread(const vt_reader_t *r) {
  return r->end - r->at;
}

/* The next n bytes are read. */
static inline void vt__reader_consume(vt_reader_t *r, size_t n) {
  r->at += n;
  if (r->scan < r->at)
    r->scan = r->at;
}

/* ---- reader.c ---- */

/* Notes a call's result, of count bytes; true. */
bool vt__reader_over(vt_reader_t *r, vt__read_call_t *c, int64_t status,
                     size_t count);

/* Answers a call from what is there: true when it is over. */
bool vt__reader_answer(vt_reader_t *r, vt__read_call_t *c);

/* ---- reader_fill.c ---- */

/* A call that could not be answered: its value task. */
vt_t vt__reader_wait(vt_reader_t *r, vt__read_call_t *c);

/* Room for n bytes before the unread ones: 0, UV_ENOMEM. */
int vt__reader_open_front(vt_reader_t *r, size_t n);

#endif
