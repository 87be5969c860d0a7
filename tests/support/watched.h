/* SPDX-License-Identifier: MIT */
/* One object of each kind whose events come again and again, with what makes
 * an event. */
#ifndef VT_TEST_WATCHED_H
#define VT_TEST_WATCHED_H

#include "support/fixture.h"
#include "support/tmp.h"

struct watched;

struct watched_kind {
  const char *name;                             /* of the object in reports */
  int (*open)(struct watched *w, bool wrapped); /* around w->uv */
  vt_t (*wait)(struct watched *w);
  void (*trigger)(struct watched *w); /* makes an event */
  vt_t (*close)(struct watched *w);
  int (*unwrap)(struct watched *w); /* NULL: cannot be wrapped */
  uv_handle_t *(*handle)(struct watched *w);

  bool ends;  /* there is one event, which all waits are told */
  bool keeps; /* an event is kept while nobody waits */
};

struct watched {
  const struct watched_kind *kind;
  void *object;
  union uv_any_handle uv; /* the user's */
  char path[TMP_PATH];
  int fds[2];
  union {
    vt_fs_change_t event;
    vt_fs_poll_change_t poll;
  } out;
};

/* The kinds, and their number. */
extern const struct watched_kind watched_kinds[];
extern const size_t watched_count;

/* Opens an object of a kind; the status of that. */
int watched_open(struct watched *w, const struct watched_kind *kind,
                 bool wrapped);

/* Closes, and gives back what the object stood on. */
void watched_end(struct fixture *f, struct watched *w);

/* The last of it, without an object. */
void watched_clean(struct watched *w);

#endif
