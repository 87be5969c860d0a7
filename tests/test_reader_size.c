/* SPDX-License-Identifier: MIT */
/* A long stream of numbered lines by lines, reads and large reads in turn: each
 * byte is the next one. VT_MIB=5120 is the long form, past every 32-bit
 * count. */
#include "support/fixture.h"

#include <stdlib.h>
#include <string.h>

enum { LINE = 64, DIGITS = 16, LARGE = 100000 };

/* ---- the stream ---- */

struct stream {
  vt_byte_stream_t base;
  uint64_t size;
  uint64_t at;
};

static void write_line(char out[LINE], uint64_t number) {
  memset(out, '.', LINE - 1);
  for (int i = DIGITS; i > 0; i--, number >>= 4)
    out[i - 1] = "0123456789abcdef"[number & 15];
  out[LINE - 1] = '\n';
}

/* Bytes from number at on. */
static void write_bytes(char *out, uint64_t at, size_t size) {
  char line[LINE];
  while (size > 0) {
    size_t from = at % LINE;
    size_t n = LINE - from < size ? LINE - from : size;
    write_line(line, at / LINE);
    memcpy(out, line + from, n);
    out += n;
    at += n;
    size -= n;
  }
}

static vt_t stream_read(vt_byte_stream_t *base, void *buffer, size_t size) {
  struct stream *s = (struct stream *)(void *)base;
  if (size > s->size - s->at)
    size = (size_t)(s->size - s->at);
  write_bytes(buffer, s->at, size);
  s->at += size;
  return vt_from_uint(size);
}

/* ---- the calls ---- */

static vt_t call(vt_reader_t *r, char *out, unsigned i) {
  switch (i % 8) {
  case 0:
    return vt_reader_read_exact(r, out, 3 * LINE);
  case 1:
    return vt_reader_read(r, out, LARGE);
  case 2:
    return vt_reader_read_exact(r, out, LARGE);
  default:
    return vt_reader_read_line(r);
  }
}

/* What was given is what stands from *at on. */
static bool is_next(const vt_reader_t *r, uint64_t *at) {
  static char right[LARGE];
  write_bytes(right, *at, r->size);
  bool same = memcmp(r->data, right, r->size) == 0;
  *at += r->size;
  return same;
}

static void each_byte_of_a_long_stream_comes_once(void **state) {
  static const vt_byte_stream_ops_t ops = {.read = stream_read};
  static char out[LARGE];
  struct fixture *f = *state;
  const char *mib = getenv("VT_MIB");
  uint64_t usual = getenv("VT_VALGRIND") ? 4 : 256, at = 0;
  struct stream s = {{&ops}, (mib ? strtoull(mib, NULL, 10) : usual) << 20, 0};
  vt_reader_t r;
  vt_result_t got = {0, {0}};
  bool same = true;
  assert_int_equal(vt_reader_init(&r, &s.base, NULL), 0);
  for (unsigned i = 0; same && got.status == 0; i++) {
    got = vt_loop_run(f->vt, call(&r, out, i));
    bool line = r.data != (const uint8_t *)out;
    same = is_next(&r, &at);
    at += line && got.status == 0; /* its end */
  }
  assert_true(same);
  assert_status(got.status, UV_EOF);
  assert_true(at + (r.end - r.at) == s.size);
  assert_status(vt_loop_run(f->vt, vt_reader_close(&r)).status, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(each_byte_of_a_long_stream_comes_once),
  };
  return fixture_main("reader_size", tests);
}
