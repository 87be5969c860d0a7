/* SPDX-License-Identifier: MIT */
/* A writer against a naive model: random calls on a stream that takes bytes at
 * once or later, all or a part, fails and recovers.
 *
 * The model is a list of the writes, in the order of the calls, each with what
 * it was told: how many of its bytes were taken. At every step the bytes that
 * the stream has, and then those that the writer holds, are these, in order,
 * each once; a write that waits may have given any part of its own.
 *
 * VT_RUNS=100000 is the long form; VT_SEED=n repeats the run of a failure. */
#include "support/sink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 60, WAITS = 8, BLOCK = 90, ENTRIES = 128, POOL = 1 << 14 };

/* ---- the model ---- */

struct entry {
  const uint8_t *data;
  size_t size;
  size_t taken;
  bool pending;
};

struct model;

struct wait {
  struct model *m;
  vt_t v;
  bool pending;
  bool single;   /* a write of one byte, whose result has no count */
  size_t entry;  /* of a write; else as many entries were before the call */
  size_t *proof; /* of a flush or sync: what must have come so far */
  uv_buf_t blocks[3];
};

struct model {
  struct fixture *f;
  vt_writer_t w;
  struct sink sink;
  struct entry entries[ENTRIES];
  size_t count;
  struct wait waits[WAITS];
  uint8_t pool[POOL]; /* the bytes of the writes */
  size_t used;
  size_t base; /* bytes of the stream before the entries */
  uint64_t seed;
  const char *problem;
};

static unsigned draw(struct model *m, unsigned below) {
  m->seed = m->seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
  return (unsigned)(m->seed >> 33) % below;
}

static void tell(struct model *m, const char *problem) {
  if (!m->problem)
    m->problem = problem;
}

/* Whether a write is over whose continuation has not told how. */
static bool is_untold(const struct model *m) {
  for (size_t i = 0; i < WAITS; i++) {
    if (m->waits[i].pending && vt_status(m->waits[i].v) != VT_PENDING)
      return true;
  }
  return false;
}

static bool is_pending(const struct model *m) {
  for (size_t i = 0; i < WAITS; i++) {
    if (m->waits[i].pending)
      return true;
  }
  return false;
}

/* Byte i of what the stream has and the writer holds, after base; -1: none. */
static int byte_at(const struct model *m, const uv_buf_t held[2], size_t i) {
  size_t written = m->sink.count - m->base;
  if (i < written)
    return m->sink.bytes[m->base + i];
  i -= written;
  if (i < held[0].len)
    return (uint8_t)held[0].base[i];
  i -= held[0].len;
  return i < held[1].len ? (uint8_t)held[1].base[i] : -1;
}

static void check(struct model *m) {
  uv_buf_t held[2];
  if (is_untold(m))
    return;
  size_t have = vt_writer_unwritten(&m->w, held) + m->sink.count - m->base;
  size_t at = 0;
  for (size_t e = 0; e < m->count; e++) {
    const struct entry *entry = &m->entries[e];
    size_t n = entry->taken;
    if (entry->pending) /* and nothing of a later one */
      n = have - at < entry->size ? have - at : entry->size;
    for (size_t i = 0; i < n; i++) {
      if (byte_at(m, held, at + i) != entry->data[i])
        tell(m, "a byte is not the one that was written");
    }
    at += n;
  }
  if (at != have)
    tell(m, "bytes are lost, or more than were written");
}

/* How many bytes the first count writes have brought. */
static size_t brought(struct model *m, size_t count) {
  size_t bytes = m->base;
  for (size_t e = 0; e < count && e < m->count; e++) {
    if (m->entries[e].pending)
      tell(m, "a flush is over before a write that was before it");
    bytes += m->entries[e].taken;
  }
  return bytes;
}

static void on_over(void *state, vt_result_t r) {
  struct wait *wait = state;
  struct model *m = wait->m;
  struct entry *entry = &m->entries[wait->entry];
  wait->pending = false;
  if (wait->proof) {
    if (r.status == 0 && !is_untold(m) &&
        brought(m, wait->entry) > *wait->proof)
      tell(m, "a flush or a sync has told of bytes too early");
    return;
  }
  entry->pending = false;
  entry->taken = wait->single ? r.status == 0 : (size_t)r.value.u;
  if (r.status == 0 && entry->taken != entry->size)
    tell(m, "a write is well without all of its bytes");
}

/* ---- the steps ---- */

static struct wait *free_wait(struct model *m) {
  for (size_t i = 0; i < WAITS; i++) {
    if (!m->waits[i].pending)
      return &m->waits[i];
  }
  return NULL;
}

static void await(struct model *m, struct wait *wait, vt_t v) {
  wait->m = m;
  wait->pending = true;
  wait->v = v;
  vt_await(v, on_over, wait);
}

/* New bytes for a write, and its entry. */
static uint8_t *new_entry(struct model *m, size_t size) {
  uint8_t *data = m->pool + m->used;
  for (size_t i = 0; i < size; i++)
    data[i] = (uint8_t)('a' + draw(m, 26));
  m->used += size;
  m->entries[m->count++] =
      (struct entry){.data = data, .size = size, .pending = true};
  return data;
}

/* A single byte has no count: it is taken, or it is not. */
static void write_byte(struct model *m) {
  const uint8_t *data = new_entry(m, 1);
  struct entry *entry = &m->entries[m->count - 1];
  bool failed = m->w.error != 0;
  vt_t v = vt_writer_write_async(&m->w, *data);
  if (failed && !vt_is_failed(v))
    tell(m, "a byte is taken after an error");
  if (!vt_in_hand(v)) {
    struct wait *wait = free_wait(m);
    wait->entry = m->count - 1;
    wait->proof = NULL;
    wait->single = true;
    await(m, wait, v);
    return;
  }
  entry->pending = false;
  entry->taken = vt_is_succeeded(v);
}

static vt_t write_blocks(struct model *m, struct wait *wait, uint8_t *data,
                         size_t size) {
  size_t first = size / 3;
  wait->blocks[0] = (uv_buf_t){.base = (char *)data, .len = first};
  wait->blocks[1] = (uv_buf_t){.base = (char *)data + first, .len = 0};
  wait->blocks[2] =
      (uv_buf_t){.base = (char *)data + first, .len = size - first};
  return vt_writer_writev_async(&m->w, wait->blocks, 3);
}

static void write_any(struct model *m) {
  size_t size = draw(m, 4) == 0 ? draw(m, BLOCK) : draw(m, 12);
  struct wait *wait = free_wait(m);
  uint8_t *data = new_entry(m, size);
  vt_t v;
  wait->entry = m->count - 1;
  wait->proof = NULL;
  wait->single = false;
  switch (draw(m, 4)) {
  case 0:
    v = vt_writer_write_all_async(&m->w, data, size);
    break;
  case 1:
    v = write_blocks(m, wait, data, size);
    break;
  case 2:
    v = vt_writer_write_copy_async(&m->w, data, size);
    break;
  default:
    v = vt_writer_printf_async(&m->w, "%.*s", (int)size, (const char *)data);
  }
  await(m, wait, v);
}

static void ask(struct model *m, bool sync) {
  struct wait *wait = free_wait(m);
  wait->entry = m->count;
  wait->proof = sync ? &m->sink.synced : &m->sink.count;
  await(m, wait,
        sync ? vt_writer_sync_async(&m->w) : vt_writer_flush_async(&m->w));
}

static void cancel_one(struct model *m) {
  struct wait *wait = &m->waits[draw(m, WAITS)];
  if (wait->pending)
    vt_cancel(wait->v);
}

/* The bytes held are dropped; what the stream has was checked. */
static void discard(struct model *m) {
  if (is_pending(m) || m->w.error == 0 || vt_writer_discard(&m->w) != 0)
    return;
  m->count = 0;
  m->base = m->sink.count;
}

static void change_stream(struct model *m) {
  struct sink *s = &m->sink;
  s->later = draw(m, 2) == 0;
  s->most = draw(m, 2) == 0 ? 0 : 1 + draw(m, 20);
  s->fails = draw(m, 8) == 0 ? UV_ENOSPC : 0;
  if (draw(m, 16) == 0)
    s->fails = UV_ENOMEM;
}

static void step(struct model *m) {
  if (!free_wait(m) || m->count == ENTRIES) {
    fixture_turn(m->f);
    return;
  }
  switch (draw(m, 12)) {
  case 0:
    ask(m, draw(m, 3) == 0);
    break;
  case 1:
    cancel_one(m);
    break;
  case 2:
    change_stream(m);
    break;
  case 3:
  case 4:
    fixture_turn(m->f);
    break;
  case 5:
    if (draw(m, 3) == 0)
      discard(m);
    else
      vt_writer_resume(&m->w);
    break;
  case 6:
  case 7:
    write_byte(m);
    break;
  default:
    write_any(m);
  }
}

/* ---- a run ---- */

static void open_writer(struct model *m) {
  static const unsigned flags[] = {0, 0, VT_WRITER_CORK, VT_WRITER_NODELAY};
  vt_writer_options_t options = {.size = 1 + draw(m, 32),
                                 .flags = flags[draw(m, 4)]};
  if (draw(m, 3) == 0)
    options.high = 1 + draw(m, 60);
  if (draw(m, 4) == 0)
    options.interval_ms = 1;
  options.flags |= VT_WRITER_OWNS | (draw(m, 2) ? VT_WRITER_SYNC : 0);
  sink_init(&m->sink);
  change_stream(m);
  if (vt_writer_init(&m->w, &m->sink.base, &options) != 0)
    tell(m, "the writer is not opened");
}

/* Whatever happened, all that waits is told, and what is not written is still
 * there. */
static void end_run(struct model *m) {
  struct seen seen = {0};
  if (!fixture_run(m->f) || is_pending(m))
    tell(m, "a call is not told, with nothing under way");
  vt_await(vt_writer_close_async(&m->w), seen_k, &seen);
  if (!fixture_run(m->f))
    tell(m, "the loop does not end");
  if (seen.count != 1 || m->sink.closes != 1)
    tell(m, "a close has not closed");
  if (is_pending(m))
    tell(m, "a call was never told");
  check(m);
  uv_buf_t held[2];
  if (seen.result.status == 0 && vt_writer_unwritten(&m->w, held) != 0)
    tell(m, "a close is well with bytes that are not written");
  vt_writer_discard(&m->w);
}

static const char *run(struct fixture *f, struct model *m, uint64_t seed) {
  memset(m, 0, sizeof *m);
  m->f = f;
  m->seed = seed;
  open_writer(m);
  for (int i = 0; i < STEPS && !m->problem; i++) {
    step(m);
    check(m);
  }
  end_run(m);
  return m->problem;
}

static void random_calls_keep_all_bytes_in_order(void **state) {
  const char *runs = getenv("VT_RUNS");
  const char *seed = getenv("VT_SEED");
  uint64_t first = seed ? strtoull(seed, NULL, 10) : 1;
  uint64_t count = runs ? strtoull(runs, NULL, 10) : 3000;
  struct model *m = malloc(sizeof *m);
  const char *problem = NULL;
  uint64_t n;
  assert_non_null(m);
  for (n = first; n < first + (seed ? 1 : count) && !problem; n++)
    problem = run(*state, m, n);
  free(m);
  if (problem)
    fail_msg("VT_SEED=%llu: %s", (unsigned long long)(n - 1), problem);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(random_calls_keep_all_bytes_in_order),
  };
  return fixture_main("writer_random", tests);
}
