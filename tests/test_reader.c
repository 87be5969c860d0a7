/* SPDX-License-Identifier: MIT */
/* The buffered reader: what each call gives, of streams that bring their bytes
 * in pieces of all sizes; lines, parts, peeks, and what is too long. */
#include "support/well.h"

#include <stdlib.h>
#include <string.h>

struct place {
  struct well well;
  vt_reader_t r;
};

/* ---- helpers ---- */

static void open_text(struct place *p, const char *text, size_t size,
                      size_t buffer, size_t most) {
  vt_reader_options_t options = {
      .size = buffer, .most = most, .flags = VT_READER_OWNS};
  well_init_text(&p->well, text, size);
  assert_int_equal(vt_reader_init(&p->r, &p->well.base, &options), 0);
}

static vt_result_t run(struct fixture *f, vt_t v) {
  return vt_loop_run(f->vt, v);
}

static void close_reader(struct fixture *f, struct place *p) {
  assert_status(run(f, vt_reader_close(&p->r)).status, 0);
  assert_int_equal(p->well.closes, 1);
}

static void assert_slice(const struct place *p, vt_result_t r,
                         const char *text) {
  assert_status(r.status, 0);
  assert_int_equal(r.value.u, strlen(text));
  assert_int_equal(p->r.size, strlen(text));
  assert_memory_equal(p->r.data, text, strlen(text));
}

static void assert_line(struct fixture *f, struct place *p, const char *text) {
  assert_slice(p, run(f, vt_reader_read_line(&p->r)), text);
}

static void assert_part(struct fixture *f, struct place *p, const char *end,
                        const char *text) {
  assert_slice(p, run(f, vt_reader_read_until(&p->r, end, strlen(end))), text);
}

/* The end, again and again. */
static void assert_end(struct fixture *f, struct place *p) {
  char byte;
  assert_status(run(f, vt_reader_read_line(&p->r)).status, UV_EOF);
  assert_status(run(f, vt_reader_read(&p->r, &byte, 1)).status, UV_EOF);
  assert_status(run(f, vt_reader_peek(&p->r, 1)).status, UV_EOF);
  assert_status(run(f, vt_reader_read_until(&p->r, ";", 1)).status, UV_EOF);
}

/* ---- lines ---- */

static const char lines[] = "one\ntwo\r\n\n\r\nthree\rfour\r\r\n"
                            "a line that is longer than the others\nlast\r";

/* CR LF is cut in its middle by every piece that ends there. */
static void lines_are_the_same_in_pieces_of_all_sizes(void **state) {
  for (size_t most = 1; most < sizeof lines; most++) {
    for (size_t buffer = 1; buffer < 50; buffer += 6) {
      struct place p;
      open_text(&p, lines, sizeof lines - 1, buffer, 64);
      p.well.most = most;
      p.well.later = most % 2;
      assert_line(*state, &p, "one");
      assert_line(*state, &p, "two");
      assert_line(*state, &p, "");
      assert_line(*state, &p, "");
      assert_line(*state, &p, "three\rfour\r");
      assert_line(*state, &p, "a line that is longer than the others");
      assert_line(*state, &p, "last\r");
      assert_end(*state, &p);
      close_reader(*state, &p);
    }
  }
}

static void zeros_are_bytes_as_others(void **state) {
  struct place p;
  open_text(&p, "a\0b\n\0\n", 6, 4, 64);
  vt_result_t r = run(*state, vt_reader_read_line(&p.r));
  assert_int_equal(r.value.u, 3);
  assert_memory_equal(p.r.data, "a\0b", 3);
  r = run(*state, vt_reader_read_line(&p.r));
  assert_int_equal(r.value.u, 1);
  assert_memory_equal(p.r.data, "", 1);
  assert_end(*state, &p);
  close_reader(*state, &p);
}

static void a_line_that_is_too_long_is_told_and_passed_over(void **state) {
  static const char text[] = "12345678\n1234567\nand very much longer\nok\n";
  for (size_t most = 1; most < 30; most++) {
    struct place p;
    open_text(&p, text, sizeof text - 1, 4, 8);
    p.well.most = most;
    p.well.later = most % 2;
    assert_status(run(*state, vt_reader_read_line(&p.r)).status, UV_E2BIG);
    assert_int_equal(p.r.size, 8);
    assert_memory_equal(p.r.data, "12345678", 8);
    assert_line(*state, &p, "1234567");
    assert_status(run(*state, vt_reader_read_line(&p.r)).status, UV_E2BIG);
    assert_line(*state, &p, "ok");
    assert_end(*state, &p);
    close_reader(*state, &p);
  }
}

static void another_call_reads_on_in_a_line_that_is_too_long(void **state) {
  struct place p;
  char out[5];
  open_text(&p, "0123456789abc\nok\n", 17, 4, 8);
  assert_status(run(*state, vt_reader_read_line(&p.r)).status, UV_E2BIG);
  assert_int_equal(run(*state, vt_reader_read_exact(&p.r, out, 3)).value.u, 3);
  assert_memory_equal(out, "89a", 3);
  assert_line(*state, &p, "bc");
  assert_line(*state, &p, "ok");
  close_reader(*state, &p);
}

static void a_long_line_lets_the_buffer_grow(void **state) {
  static char text[5001];
  struct place p;
  memset(text, 'x', 5000);
  text[4999] = '\n';
  open_text(&p, text, 5000, 16, 5000);
  vt_result_t r = run(*state, vt_reader_read_line(&p.r));
  assert_int_equal(r.value.u, 4999);
  assert_end(*state, &p);
  close_reader(*state, &p);
}

/* The line that an error ends is no line; its bytes are still there. */
static void an_unfinished_line_is_left_by_an_error(void **state) {
  struct place p;
  char out[8];
  open_text(&p, "one\ntwo", 7, 16, 16);
  p.well.end = UV_ECONNRESET;
  assert_line(*state, &p, "one");
  for (int i = 0; i < 3; i++)
    assert_status(run(*state, vt_reader_read_line(&p.r)).status, UV_ECONNRESET);
  assert_int_equal(run(*state, vt_reader_read(&p.r, out, 8)).value.u, 3);
  assert_memory_equal(out, "two", 3);
  assert_status(run(*state, vt_reader_read(&p.r, out, 8)).status,
                UV_ECONNRESET);
  close_reader(*state, &p);
}

/* ---- parts ---- */

static void parts_are_the_same_in_pieces_of_all_sizes(void **state) {
  static const char text[] = "aab;aaab;aaaab;aaaaa;b;aaab";
  for (size_t most = 1; most < sizeof text; most++) {
    struct place p;
    open_text(&p, text, sizeof text - 1, 1 + most % 7, 64);
    p.well.most = most;
    p.well.later = most % 2;
    assert_part(*state, &p, "aaab", "aab;aaab");
    assert_part(*state, &p, "aaab", ";aaaab");
    assert_part(*state, &p, ";", ";");
    assert_part(*state, &p, "a;b;", "aaaaa;b;");
    assert_part(*state, &p, "aaabb", "aaab");
    assert_end(*state, &p);
    close_reader(*state, &p);
  }
}

/* What overlaps itself, and what almost does, at each place. */
static void a_delimiter_is_found_at_each_place(void **state) {
  static const char *const ends[] = {"\r\n\r\n", "abab", "aaaa", "abcabd"};
  for (size_t e = 0; e < 4; e++) {
    for (size_t before = 0; before < 20; before++) {
      char text[64];
      struct place p;
      size_t length = strlen(ends[e]);
      for (size_t i = 0; i < before; i++)
        text[i] = ends[e][(i + length - before % length) % (length - 1)];
      memcpy(text + before, ends[e], length + 1);
      size_t first = (size_t)(strstr(text, ends[e]) - text) + length;
      open_text(&p, text, before + length, 2, 64);
      p.well.most = 1 + before % 3;
      vt_result_t r = run(*state, vt_reader_read_until(&p.r, ends[e], length));
      assert_int_equal(r.value.u, first);
      close_reader(*state, &p);
    }
  }
}

static void a_part_that_is_too_long_is_passed_over(void **state) {
  for (size_t most = 1; most < 20; most++) {
    struct place p;
    open_text(&p, "123456\r\n\r\nok\r\n\r\n", 16, 4, 8);
    p.well.most = most;
    vt_result_t r = run(*state, vt_reader_read_until(&p.r, "\r\n\r\n", 4));
    assert_status(r.status, UV_E2BIG);
    assert_part(*state, &p, "\r\n\r\n", "ok\r\n\r\n");
    close_reader(*state, &p);
  }
}

/* ---- bytes ---- */

static void exact_reads_are_all_or_nothing(void **state) {
  struct place p;
  char out[10];
  open_text(&p, "0123456789", 10, 8, 8);
  p.well.most = 3;
  assert_int_equal(run(*state, vt_reader_read_exact(&p.r, out, 7)).value.u, 7);
  assert_memory_equal(out, "0123456", 7);
  assert_status(run(*state, vt_reader_read_exact(&p.r, out, 4)).status, UV_EOF);
  assert_int_equal(p.r.size, 0);
  assert_int_equal(run(*state, vt_reader_read_exact(&p.r, out, 3)).value.u, 3);
  assert_memory_equal(out, "789", 3);
  assert_int_equal(run(*state, vt_reader_read_exact(&p.r, out, 0)).value.u, 0);
  close_reader(*state, &p);
}

static void a_large_read_passes_the_buffer_by(void **state) {
  struct place p;
  char out[100];
  open_text(&p, lines, sizeof lines - 1, 8, 8);
  size_t size = sizeof lines - 1;
  vt_result_t r = run(*state, vt_reader_read_exact(&p.r, out, size));
  assert_int_equal(r.value.u, size);
  assert_memory_equal(out, lines, size);
  assert_int_equal(p.well.reads, 1);
  assert_int_equal(p.r.capacity, 0);
  assert_end(*state, &p);
  close_reader(*state, &p);
}

static void a_large_read_tells_what_came_before_the_end(void **state) {
  for (int later = 0; later < 2; later++) {
    struct place p;
    char out[100];
    open_text(&p, "0123456789", 10, 4, 8);
    p.well.later = later;
    assert_slice(&p, run(*state, vt_reader_peek(&p.r, 1)), "0123");
    assert_status(run(*state, vt_reader_read_exact(&p.r, out, 50)).status,
                  UV_EOF);
    assert_int_equal(p.r.size, 10);
    assert_memory_equal(out, "0123456789", 10);
    close_reader(*state, &p);
  }
}

static void a_peek_leaves_its_bytes(void **state) {
  struct place p;
  open_text(&p, "0123456789", 10, 4, 8);
  p.well.most = 3;
  assert_slice(&p, run(*state, vt_reader_peek(&p.r, 0)), "");
  assert_slice(&p, run(*state, vt_reader_peek(&p.r, 2)), "012");
  assert_slice(&p, run(*state, vt_reader_peek(&p.r, 5)), "012345");
  assert_status(run(*state, vt_reader_peek(&p.r, 9)).status, UV_E2BIG);
  assert_int_equal(run(*state, vt_reader_skip(&p.r, 5)).value.u, 5);
  assert_slice(&p, run(*state, vt_reader_peek(&p.r, 8)), "56789");
  assert_status(run(*state, vt_reader_skip(&p.r, 8)).status, UV_EOF);
  assert_int_equal(p.r.size, 5);
  assert_end(*state, &p);
  close_reader(*state, &p);
}

static void what_is_put_back_comes_first(void **state) {
  struct place p;
  open_text(&p, "one\ntwo\n", 8, 4, 16);
  assert_int_equal(vt_reader_unread(&p.r, "0\n", 2), 0);
  assert_line(*state, &p, "0");
  assert_line(*state, &p, "one");
  assert_int_equal(vt_reader_unread(&p.r, p.r.data + 1, 3), 0);
  assert_line(*state, &p, "ne");
  assert_int_equal(vt_reader_unread(&p.r, "12345678901234567", 17), UV_E2BIG);
  assert_int_equal(vt_reader_unread(&p.r, "123456789\n", 10), 0);
  assert_line(*state, &p, "123456789");
  assert_line(*state, &p, "two");
  assert_end(*state, &p);
  assert_int_equal(vt_reader_unread(&p.r, "x", 1), 0);
  assert_line(*state, &p, "x");
  assert_end(*state, &p);
  close_reader(*state, &p);
}

static void a_resumed_end_is_asked_for_again(void **state) {
  struct place p;
  open_text(&p, "one\ntwo\n", 4, 16, 16);
  assert_line(*state, &p, "one");
  assert_end(*state, &p);
  int reads = p.well.reads;
  p.well.size = 8;
  assert_end(*state, &p);
  assert_int_equal(p.well.reads, reads);
  assert_int_equal(vt_reader_resume(&p.r), 0);
  assert_line(*state, &p, "two");
  assert_end(*state, &p);
  close_reader(*state, &p);
}

/* ---- all sizes ---- */

/* 64 KiB in pieces of 1 to 4096 bytes, by calls of changing sizes. */
static void no_byte_is_lost_in_pieces_of_all_sizes(void **state) {
  enum { SIZE = 64 << 10 };
  static uint8_t out[SIZE];
  bool quick = getenv("VT_VALGRIND") != NULL;
  for (size_t most = 1; most <= 4096; most += quick ? 97 : 1) {
    struct place p;
    vt_reader_options_t options = {.size = 1000, .flags = VT_READER_OWNS};
    size_t at = 0;
    well_init(&p.well, SIZE);
    p.well.most = most;
    assert_int_equal(vt_reader_init(&p.r, &p.well.base, &options), 0);
    while (at < SIZE) {
      size_t n = 1 + at * 7 % 1500;
      n = n < SIZE - at ? n : SIZE - at;
      vt_t v = at % 2 ? vt_reader_read(&p.r, out + at, n)
                      : vt_reader_read_exact(&p.r, out + at, n);
      vt_result_t r = run(*state, v);
      assert_status(r.status, 0);
      at += r.value.u;
    }
    for (size_t i = 0; i < SIZE; i++) {
      if (out[i] != well_byte(i))
        fail_msg("byte %zu is wrong in pieces of %zu", i, most);
    }
    assert_end(*state, &p);
    close_reader(*state, &p);
  }
}

/* Above 4 GiB nothing wraps: most of it is dropped unseen. */
static uint8_t few_bytes[1 << 16];

static vt_t endless_read(vt_byte_stream_t *s, void *buffer, size_t size) {
  (void)s;
  (void)buffer;
  return vt_from_uint(size);
}

static void five_gib_are_passed_over(void **state) {
  static const vt_byte_stream_ops_t ops = {.read = endless_read};
  const uint64_t size = UINT64_C(5) << 30;
  vt_byte_stream_t endless = {&ops};
  vt_reader_t r;
  assert_int_equal(vt_reader_init(&r, &endless, NULL), 0);
  assert_int_equal(run(*state, vt_reader_skip(&r, size + 1)).value.u, size + 1);
  assert_int_equal(r.size, size + 1);
  vt_result_t got = run(*state, vt_reader_read_exact(&r, few_bytes, 100));
  assert_int_equal(got.value.u, 100);
  assert_status(run(*state, vt_reader_close(&r)).status, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(lines_are_the_same_in_pieces_of_all_sizes),
      fixture_test(zeros_are_bytes_as_others),
      fixture_test(a_line_that_is_too_long_is_told_and_passed_over),
      fixture_test(another_call_reads_on_in_a_line_that_is_too_long),
      fixture_test(a_long_line_lets_the_buffer_grow),
      fixture_test(an_unfinished_line_is_left_by_an_error),
      fixture_test(parts_are_the_same_in_pieces_of_all_sizes),
      fixture_test(a_delimiter_is_found_at_each_place),
      fixture_test(a_part_that_is_too_long_is_passed_over),
      fixture_test(exact_reads_are_all_or_nothing),
      fixture_test(a_large_read_passes_the_buffer_by),
      fixture_test(a_large_read_tells_what_came_before_the_end),
      fixture_test(a_peek_leaves_its_bytes),
      fixture_test(what_is_put_back_comes_first),
      fixture_test(a_resumed_end_is_asked_for_again),
      fixture_test(no_byte_is_lost_in_pieces_of_all_sizes),
      fixture_test(five_gib_are_passed_over),
  };
  return fixture_main("reader", tests);
}
