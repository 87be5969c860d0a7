/* SPDX-License-Identifier: MIT */
/* The writer inside: what waits, and what moves the bytes.
 *
 * Bytes not written are, in order: flying[flying_done, flying_count), then
 * buffer[0, count), then those of the waits in writes, from taken on. written
 * counts those that the stream has taken, so that each byte has a number for
 * ever: that of a flush is the number of all bytes before it. */
#ifndef VT_IO_WRITER_H
#define VT_IO_WRITER_H

#include "sync/wait_list.h"
#include "vt/writer.h"

enum vt__writer_phase {
  VT__WRITER_OPEN,
  VT__WRITER_CLOSING, /* until all is written, synced, closed */
  VT__WRITER_CLOSED
};

/* A write that waits. wait.about is not used. */
typedef struct vt__write {
  vt__wait_t wait;
  vt_writer_t *w;
  uv_buf_t one;           /* the block of most writes */
  const uv_buf_t *blocks; /* the caller's, or &one */
  unsigned left;          /* of blocks, the first of which is */
  size_t at;              /* taken so far */
  size_t size;            /* of all blocks */
  size_t taken;           /* of size */
  void *owned;            /* freed at the end */
  bool cancelled;         /* while its bytes are under way */
  bool single;            /* of one byte: its result has no count */
  uint8_t small[16];      /* a copy of so few bytes needs no memory */
} vt__write_t;

static inline vt_writer_t *vt__writer_of_writes(vt_wait_list_t *list) {
  return VT__WAIT_OWNER(list, vt_writer_t, writes);
}

static inline vt__write_t *vt__writer_first(const vt_writer_t *w) {
  return (vt__write_t *)(void *)vt__wait_first(&w->writes);
}

/* Bytes under way or about to be. */
static inline size_t vt__writer_flying(const vt_writer_t *w) {
  return w->flying_count - w->flying_done;
}

/* The number of the next byte that is taken. */
static inline uint64_t vt__writer_end(const vt_writer_t *w) {
  return w->written + vt__writer_flying(w) + w->count;
}

/* ---- writer_write.c ---- */

/* Copies bytes of the wait into the buffers as far as there is room. */
void vt__write_copy(vt__write_t *write);

/* Its bytes that are not taken, as blocks: how many. */
unsigned vt__write_rest(const vt__write_t *write, uv_buf_t out[],
                        unsigned room);

/* n of its bytes were taken. */
void vt__write_advance(vt__write_t *write, size_t n);

/* A write that waits, of blocks: its value task, in hand when it did not have
 * to. Takes owned, where they lie; NULL: they are the caller's. */
vt_t vt__write_enlist(vt_writer_t *w, const uv_buf_t blocks[], unsigned count,
                      void *owned);

/* The same, of a copy of data. */
vt_t vt__write_enlist_copy(vt_writer_t *w, const void *data, size_t size);

/* Completes a write that waits, with the number of bytes that were taken. */
void vt__write_end(vt__write_t *write, int64_t status);

/* Completes one that was cancelled: nobody waits for the rest of its bytes. */
void vt__write_withdraw(vt__write_t *write);

/* ---- writer.c ---- */

/* Copies into the buffers as much as there is room for. */
size_t vt__writer_copy(vt_writer_t *w, const void *data, size_t size);

/* Whether so many bytes could be copied now. */
bool vt__writer_has_space(vt_writer_t *w, size_t size);

/* Hands the buffer on and takes the spare, where that is empty. */
bool vt__writer_swap(vt_writer_t *w);

/* Why nothing may begin; 0 where it may. */
int64_t vt__writer_refusal(const vt_writer_t *w);

/* The number after the last byte of all calls so far. */
static inline uint64_t vt__writer_end_of_all(const vt_writer_t *w) {
  return vt__writer_end(w) + w->queued;
}

/* Bytes are gone: no file that is being left can get them. */
static inline void vt__writer_clamp(vt_writer_t *w) {
  if (w->split > vt__writer_end_of_all(w))
    w->split = vt__writer_end_of_all(w);
}

/* Frees the buffers. */
void vt__writer_free(vt_writer_t *w);

/* Bytes were taken: sees to it that they are written in time, and pumps. */
void vt__writer_took(vt_writer_t *w);

/* ---- writer_pump.c ---- */

/* Does what there is to do: takes what waits, writes, syncs, closes, completes.
 * Runs no continuation. To be called after each change. */
void vt__writer_pump(vt_writer_t *w);

/* Stops the timer. */
void vt__writer_disarm(vt_writer_t *w);

#endif
