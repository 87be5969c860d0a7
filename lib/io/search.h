/* SPDX-License-Identifier: MIT */
/* The search for a delimiter in bytes that come piece by piece: each byte is
 * looked at once, whatever the pieces (Knuth, Morris and Pratt). */
#ifndef VT_IO_SEARCH_H
#define VT_IO_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of each beginning of the delimiter, the longest end of it that is a beginning
 * again: what is still matched when the next byte is another. */
struct vt__search {
  size_t room; /* bytes that a delimiter may have */
  size_t length;
  size_t matched; /* bytes of it at the end of what was searched */
  uint8_t *bytes;
  uint32_t borders[];
};

/* Sets up *search for a copy of a delimiter, at least one byte. 0, UV_ENOMEM,
 * or UV_E2BIG above 4 GiB. Allocates when it is longer than all before it. */
int vt__search_set(struct vt__search **search, const void *delimiter,
                   size_t length);

/* Goes on in the next size bytes. Gives how many of them there are up to the
 * end of the delimiter, and begins anew; or 0: not yet. */
size_t vt__search_run(struct vt__search *search, const uint8_t *data,
                      size_t size);

#endif
