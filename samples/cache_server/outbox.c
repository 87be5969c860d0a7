/* SPDX-License-Identifier: MIT */
/* The letters' bytes lie one behind the other, in the order of the letters. A
 * prepare handle sends what timers and the like have answered, a check handle
 * what came with events. */
#include "outbox.h"

#include <stdlib.h>
#include <string.h>

#define LETTERS_MAX 256u
#define BYTES_MAX ((size_t)16 * 1024)

struct letter {
  struct seat *seat;
  size_t size;
};

struct outbox {
  uv_prepare_t prepare;
  uv_check_t check;
  unsigned handles; /* not yet closed */
  unsigned count;
  size_t size;
  struct letter letters[LETTERS_MAX];
  char bytes[BYTES_MAX];
};

static void on_prepare(uv_prepare_t *prepare) { outbox_send(prepare->data); }

static void on_check(uv_check_t *check) { outbox_send(check->data); }

struct outbox *outbox_new(uv_loop_t *uv) {
  struct outbox *o = malloc(sizeof *o);
  if (!o)
    return NULL;
  o->count = 0;
  o->size = 0;
  o->handles = 2;
  uv_prepare_init(uv, &o->prepare); /* these cannot fail */
  uv_check_init(uv, &o->check);
  o->prepare.data = o->check.data = o;
  uv_prepare_start(&o->prepare, on_prepare);
  uv_check_start(&o->check, on_check);
  uv_unref((uv_handle_t *)&o->prepare);
  uv_unref((uv_handle_t *)&o->check);
  return o;
}

static void on_closed(uv_handle_t *handle) {
  struct outbox *o = handle->data;
  if (--o->handles == 0)
    free(o);
}

void outbox_free(struct outbox *o) {
  if (!o)
    return;
  uv_close((uv_handle_t *)&o->prepare, on_closed);
  uv_close((uv_handle_t *)&o->check, on_closed);
}

bool outbox_post(struct outbox *o, struct seat *seat, const char *data,
                 size_t size) {
  if (!o || size > OUTBOX_LETTER_MAX)
    return false;
  if (o->count == LETTERS_MAX || size > BYTES_MAX - o->size)
    outbox_send(o);
  memcpy(o->bytes + o->size, data, size);
  o->size += size;
  o->letters[o->count++] = (struct letter){seat, size};
  seat->posted = true;
  return true;
}

static void deliver(const struct letter *l, const char *data) {
  struct seat *seat = l->seat;
  vt_stream_t *stream = seat->kind->stream(seat);
  seat->posted = false;
  if (!stream)
    return;
  int n = vt_stream_try_write(stream, data, l->size);
  if (n < 0)
    n = 0; /* it hears of it when it writes what it owes */
  if (!VT_LIKELY((size_t)n == l->size))
    seat->kind->owe(seat, data + n, l->size - (size_t)n);
}

/* A connection that owes may have others stopped, which then settle: each
 * letter is delivered by the first call. */
void outbox_send(struct outbox *o) {
  const char *data = o->bytes;
  unsigned count = o->count;
  o->count = 0;
  for (unsigned i = 0; i < count; i++) {
    deliver(&o->letters[i], data);
    data += o->letters[i].size;
  }
  o->size = 0;
}
