/* SPDX-License-Identifier: MIT */
/* A byte stream that brings numbered bytes, or a text: at once or later, all
 * that there is room for or a part, and then an end or a failure. */
#ifndef VT_TEST_WELL_H
#define VT_TEST_WELL_H

#include "support/fixture.h"
#include "support/gate.h"

struct well {
  vt_byte_stream_t base;
  const char *text; /* NULL: numbered bytes */
  uint64_t size;    /* of all bytes */
  uint64_t at;      /* brought */
  size_t most;      /* bytes of one read; 0: any number */
  bool later;       /* reads complete in a later turn */
  int64_t end;      /* what comes after the bytes; 0: UV_EOF */
  int fails_at;     /* the read with this number, 1 the first, fails: */
  int64_t fails;
  uint64_t seed; /* not 0: most and later are drawn anew each time */
  int reads, closes;
  bool hold;  /* reads wait for well_let, in gate */
  bool stays; /* and cannot be cancelled */
  struct gate gate;
  char *buffer; /* of the one that waits */
  size_t room;
};

/* Byte number i of the numbered ones: all values, in no order. */
uint8_t well_byte(uint64_t i);

void well_init(struct well *w, uint64_t size);
void well_init_text(struct well *w, const char *text, size_t size);

/* Lets go of the read that is held. */
void well_let(struct well *w);

#endif
