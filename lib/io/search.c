/* SPDX-License-Identifier: MIT */
/* The search for a delimiter. While nothing of it is matched its first byte is
 * looked for by memchr, which is what most of the time is spent in. */
#include "io/search.h"

#include <string.h>
#include <uv.h>

#include "base/alloc.h"

enum { SEARCH_ROOM = 32 };

static int make_room(struct vt__search **search, size_t length) {
  size_t room = length < SEARCH_ROOM ? SEARCH_ROOM : length;
  if (*search && (*search)->room >= length)
    return 0;
  struct vt__search *s = vt__malloc(sizeof *s + room * (sizeof(uint32_t) + 1));
  if (!s)
    return UV_ENOMEM;
  s->room = room;
  s->bytes = (uint8_t *)(s->borders + room);
  vt__free(*search);
  *search = s;
  return 0;
}

/* How many bytes are matched when c follows where matched were. */
static size_t follow(const struct vt__search *s, size_t matched, uint8_t c) {
  while (matched > 0 && s->bytes[matched] != c)
    matched = s->borders[matched - 1];
  return matched + (s->bytes[matched] == c);
}

static void find_borders(struct vt__search *s) {
  size_t border = 0;
  s->borders[0] = 0;
  for (size_t i = 1; i < s->length; i++) {
    border = follow(s, border, s->bytes[i]);
    s->borders[i] = (uint32_t)border;
  }
}

int vt__search_set(struct vt__search **search, const void *delimiter,
                   size_t length) {
  struct vt__search *s = *search;
  bool same =
      s && s->length == length && memcmp(s->bytes, delimiter, length) == 0;
  if (!same) {
    int rc = length < UINT32_MAX ? make_room(search, length) : UV_E2BIG;
    if (rc != 0)
      return rc;
    s = *search;
    s->length = length;
    memcpy(s->bytes, delimiter, length);
    find_borders(s);
  }
  s->matched = 0;
  return 0;
}

size_t vt__search_run(struct vt__search *s, const uint8_t *data, size_t size) {
  size_t matched = s->matched;
  size_t i = 0;
  while (i < size && matched < s->length) {
    if (matched == 0) {
      const uint8_t *first = memchr(data + i, s->bytes[0], size - i);
      if (!first) {
        i = size;
        break;
      }
      i = (size_t)(first - data);
    }
    matched = follow(s, matched, data[i++]);
  }
  s->matched = matched == s->length ? 0 : matched;
  return matched == s->length ? i : 0;
}
