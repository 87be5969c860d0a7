/* SPDX-License-Identifier: MIT */
/* The uv handles that a loop knows: of the library's own objects, and of the
 * user's that the library was told of. The loop keeps them by address; what is
 * done with them is told in op/handle.h. */
#ifndef VT_CORE_HANDLES_H
#define VT_CORE_HANDLES_H

#include <stdbool.h>
#include <stddef.h>

#include "vt/loop.h"

typedef struct vt__handle vt__handle_t;

/* One for each kind of object, static and const. */
typedef struct vt__handle_kind {
  const char *name; /* for reports; NULL: it is a part of another, not told */

  /* Optional, for an object with more to do than to close its one handle: it
   * does that and calls vt__handle_close_now, at once or when it may be; or
   * closes all its handles, and calls vt__handle_closed when libuv is done with
   * the last. */
  void (*close)(vt__handle_t *handle);

  /* libuv is done with the handle, and the object is out of the loop's table:
   * ends what is pending. The object is freed after it. Optional. */
  void (*closed)(vt__handle_t *handle);

  /* Writes what it is about into text. Optional. */
  void (*describe)(const vt__handle_t *handle, char *text, size_t size);
} vt__handle_kind_t;

struct vt__close_op;

/* The first member of each object that stands for a uv handle. One of the
 * library's own follows it in memory. */
struct vt__handle {
  const vt__handle_kind_t *kind;
  struct uv_handle_s *uv;
  vt_loop_t *loop;              /* NULL: abandoned */
  struct vt__close_op *closers; /* wait for the close; first in, first out */
  bool owned;                   /* the uv handle is the library's */
  bool closing;
};

#endif
