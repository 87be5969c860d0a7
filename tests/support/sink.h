/* SPDX-License-Identifier: MIT */
/* A byte stream in memory that does what a case wants: at once or later, all or
 * a part, or a failure. */
#ifndef VT_TEST_SINK_H
#define VT_TEST_SINK_H

#include "support/fixture.h"

#define SINK_ROOM (1 << 16)

struct sink {
  vt_byte_stream_t base;
  uint8_t bytes[SINK_ROOM];
  size_t count;
  size_t synced;      /* of count */
  size_t most;        /* bytes taken of one write; 0: all */
  bool later;         /* calls complete in a later turn */
  int64_t fails;      /* the status of the next calls; 0: none */
  int64_t sync_fails; /* the same for syncs */
  int fail_at;        /* only this write fails, and the next ones do not; 0: as
                         fails says */
  int writes, syncs, closes;
  unsigned blocks;  /* of the last write */
  const void *from; /* where its last block lay */
  bool discards;    /* counts only; bytes are not kept */
  uint64_t total;   /* of all writes */
};

void sink_init(struct sink *s);

/* A writer over a sink. flow_close gives it back, whatever it holds. */
struct flow {
  vt_writer_t w;
  struct sink sink;
};

struct flow *flow_open(const vt_writer_options_t *options);
void flow_close(struct fixture *f, struct flow *flow);

/* The status of v, waited for. */
int64_t flow_run(struct fixture *f, vt_t v);

#endif
