/* SPDX-License-Identifier: MIT */
/* A stream and its peer, a plain blocking socket; and bytes that tell where
 * they belong. */
#ifndef VT_TEST_PAIR_H
#define VT_TEST_PAIR_H

#include "support/fixture.h"
#include "support/net.h"

enum { MIB = 1 << 20 };

struct pair {
  vt_stream_t *stream;
  int fd; /* -1 when the case has closed it */
};

/* NULL, or what went wrong. */
const char *pair_make(struct fixture *f, struct pair *p);

/* The same for the body of a case. */
struct pair pair_open(struct fixture *f);
void pair_close(struct fixture *f, struct pair *p);

/* A few turns: what has come is told. */
void pair_turns(struct fixture *f);

/* Bytes by their number from from on, and how many of them are not right. */
void pair_fill(char *data, size_t size, size_t from);
size_t pair_count_wrong(const char *data, size_t size, size_t from);

/* Writes until the kernel takes no more; how many bytes. */
size_t pair_stuff(vt_stream_t *stream);

/* A peer in a thread: reads size bytes, or to the end, and looks at each. */
struct reader {
  uv_thread_t thread;
  int fd;
  size_t size;
  long came;
  size_t wrong;
};

void reader_start(struct reader *r, int fd, size_t size);
void reader_join(struct reader *r);

/* A log of what completed in which order. */
struct pair_order {
  int count;
  int who[16];
  int64_t status[16];
};

/* Who is in it; pair_note is the continuation whose state this is. */
struct pair_name {
  struct pair_order *order;
  int who;
};

/* An empty log and its names from 0 on. */
void pair_order_init(struct pair_order *order, struct pair_name *names,
                     int count);
void pair_note(void *name, vt_result_t r);

/* A vt_loop_walk_fn: "kind subject" of the last entry into 128 bytes. */
void pair_note_subject(void *text, const vt_loop_entry_t *entry);

/* Uses blocks until the pool has none left for a small operation and no memory
 * for a class that was not used yet. For faults that go on. */
void pair_use_up_pool(struct seen *refused);

#endif
