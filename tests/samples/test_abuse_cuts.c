/* SPDX-License-Identifier: MIT */
/* The table of abuse against a server on the loop of the test: each input cut
 * in two at every byte, and byte by byte, has the same reaction. Inputs that
 * wait are closed in time, and cost what came of them, not what they declare.
 *
 * Long inputs are cut at their ends and at some places between, those of HTTP
 * at some of their places; with VT_ABUSE_LONG=1 there are more of them. */
#include "samples/abuse_host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/net.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

#define KIB ((size_t)1024)
#define EDGE 40u /* the ends of a long input are cut everywhere */
#define HUGE_INPUT (256 * KIB)
#define ROW_SLACK (64 * KIB)

/* ---- helpers ---- */

/* The next cut of an input of this size. */
static size_t next_cut(size_t cut, size_t size) {
  bool is_long = getenv("VT_ABUSE_LONG") != NULL;
  size_t whole = is_long ? 4096 : 512, parts = is_long ? 100 : 20;
  if (SANITIZED && !is_long)
    return cut + 1 + size / 10;
  if (size <= whole || cut < EDGE || cut + EDGE >= size)
    return cut + 1;
  size_t next = cut + size / parts;
  return next < size - EDGE ? next : size - EDGE;
}

/* The cuts of the HTTP inputs, which are many, are spread over them. */
static size_t stride_of(const struct host *h) {
  return h->target.is_http && !getenv("VT_ABUSE_LONG") ? 4 : 1;
}

static int cut_one(const struct host *h, const struct abuse *a, size_t number) {
  size_t size = abuse_size(&a->in), stride = stride_of(h);
  int count = 1;
  struct abuse_way way = {.bytewise = true};
  if (size <= (SANITIZED ? 64 : KIB))
    assert_true(abuse_play(&h->target, a, &way));
  way.bytewise = false;
  for (size_t cut = 0; cut < size; cut = next_cut(cut, size)) {
    if (size <= KIB && cut % stride != number % stride)
      continue;
    way.cut = cut;
    assert_true(abuse_play(&h->target, a, &way));
    count++;
    if (size > HUGE_INPUT && !getenv("VT_ABUSE_LONG"))
      cut += size / 4;
  }
  return count;
}

/* The row has left nothing. */
static void expect_rest(struct host *h, const char *row, int files,
                        size_t memory) {
  uint64_t until = uv_hrtime() + 10000000000u;
  while ((host_files() != files || host_memory() > memory + ROW_SLACK) &&
         uv_hrtime() < until)
    host_turn(h);
  if (host_files() != files || host_memory() > memory + ROW_SLACK)
    print_error("%s: descriptors %d, before %d; memory %zu, before %zu\n", row,
                host_files(), files, host_memory(), memory);
  assert_int_equal(host_files(), files);
  assert_true(host_memory() <= memory + ROW_SLACK);
  assert_int_equal(h->in->loop.report_count, 0);
}

static void serve_once(const struct host *h) {
  static const struct abuse
      resp = {"serves", BYTES("GET country:DE\r\n"), BYTES("$7\r\nGermany\r\n"),
              STAYS},
      http = {"serves", BYTES("GET /countries HTTP/1.1\r\nHost: x\r\n\r\n"),
              BYTES("200 "), STAYS};
  static const struct abuse_way whole = {0};
  assert_true(
      abuse_play(&h->target, h->target.is_http ? &http : &resp, &whole));
}

static void cut_part(struct inside *in, const struct abuse_part *part) {
  struct host h;
  int count = 0;
  assert_null(host_open(&h, in));
  serve_once(&h); /* the countries are loaded */
  host_rest(&h);
  int files = host_files();
  for (size_t i = 0; i < part->count; i++) {
    size_t memory = host_memory();
    count += cut_one(&h, &part->abuses[i], i);
    serve_once(&h);
    expect_rest(&h, part->abuses[i].row, files, memory);
  }
  print_message("%d cuts of %zu inputs\n", count, part->count);
  assert_null(host_close(&h));
}

static void lengths_are_read_however_cut(void **state) {
  cut_part(*state, &abuse_lengths);
}

static void lines_are_read_however_cut(void **state) {
  cut_part(*state, &abuse_lines);
}

static void commands_are_read_however_cut(void **state) {
  cut_part(*state, &abuse_commands);
}

static void arguments_at_their_limit_are_skipped_however_cut(void **state) {
  struct inside *in = *state;
  in->options.limits.bulk = ABUSE_BULK_MAX;
  cut_part(in, &abuse_limits);
}

#ifdef WITH_HTTP
static void cut_http(struct inside *in, const struct abuse_part *part) {
  in->http = true;
  cut_part(in, part);
}

static void http_lines_are_read_however_cut(void **state) {
  cut_http(*state, &abuse_http_lines);
}

static void http_fields_are_read_however_cut(void **state) {
  cut_http(*state, &abuse_http_fields);
}

static void http_bodies_are_read_however_cut(void **state) {
  cut_http(*state, &abuse_http_bodies);
}

static void http_targets_are_read_however_cut(void **state) {
  cut_http(*state, &abuse_http_targets);
}
#endif

/* ---- guests ---- */

/* Whole and byte by byte: wrong passwords have their time. */
static void play_guest(struct host *h) {
  static const struct abuse_way ways[] = {
      {.cut = 0}, {.half_close = true}, {.bytewise = true}};
  /* What is allocated once, is. */
  assert_true(abuse_play(&h->target, &abuse_guest.abuses[0], &ways[0]));
  host_rest(h);
  for (size_t i = 0; i < abuse_guest.count; i++) {
    const struct abuse *a = &abuse_guest.abuses[i];
    size_t memory = host_memory();
    int files = host_files();
    for (size_t way = 0; way < 3; way++)
      if (way < 2 || abuse_size(&a->in) <= KIB)
        assert_true(abuse_play(&h->target, a, &ways[way]));
    expect_rest(h, a->row, files, memory);
  }
}

static void a_guest_gets_little(void **state) {
  struct inside *in = *state;
  struct host h;
  struct auth *password;
  char path[96];
  snprintf(path, sizeof path, "%s/p", in->dir);
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs(ABUSE_PASSWORD "\n", file);
  fclose(file);
  assert_int_equal(auth_read(path, &password), 0);
  unlink(path);
  in->options.auth = password;
  assert_null(host_open(&h, in));
  h.target.pong = "-NOAUTH Authentication required.\r\n";
  play_guest(&h);
  assert_null(host_close(&h));
  auth_free(password);
}

/* ---- what waits ---- */

struct waiting {
  int fds[64];
  size_t count, sent;
};

/* Each such input on a connection of its own, which stays open. */
static void open_waiting(struct host *h, const struct abuse_part *part,
                         struct waiting *w) {
  for (size_t i = 0; i < part->count; i++) {
    size_t size = abuse_size(&part->abuses[i].in);
    if (part->abuses[i].end != WAITS || size > KIB) /* each byte has its ms */
      continue;
    assert_true(w->count < sizeof w->fds / sizeof *w->fds);
    char *data = abuse_make(&part->abuses[i].in, &size);
    int fd = h->target.connect(h->target.arg);
    assert_non_null(data);
    assert_true(fd >= 0);
    assert_true(net_send(fd, data, size));
    for (int turns = 0; turns < 4; turns++)
      host_turn(h);
    free(data);
    w->fds[w->count++] = fd;
    w->sent += size;
  }
}

/* The end of each, with nothing before it. */
static void expect_end(struct host *h, struct waiting *w) {
  uint64_t until = uv_hrtime() + 20000000000u;
  for (size_t i = 0; i < w->count; i++) {
    char byte;
    ssize_t n;
    while ((n = recv(w->fds[i], &byte, 1, MSG_DONTWAIT)) < 0 &&
           errno == EAGAIN && uv_hrtime() < until)
      host_turn(h);
    assert_true(n == 0 || (n < 0 && errno == ECONNRESET));
    close(w->fds[i]);
  }
}

static void what_waits_has_its_time_and_costs_what_came(void **state) {
  struct inside *in = *state;
  struct host h;
  struct waiting w = {.count = 0};
  in->options.stall_ms = 300;
  assert_null(host_open(&h, in));
  serve_once(&h);
  host_rest(&h);
  int files = host_files();
  size_t memory = host_memory();
  open_waiting(&h, &abuse_lengths, &w);
  open_waiting(&h, &abuse_lines, &w);
  open_waiting(&h, &abuse_commands, &w);
  assert_true(w.count >= 20);
  assert_true(host_memory() < memory + 4 * w.sent + w.count * 4 * KIB);
  expect_end(&h, &w);
  serve_once(&h);
  expect_rest(&h, "deadlines", files, memory);
  assert_null(host_close(&h));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      host_test(lengths_are_read_however_cut),
      host_test(lines_are_read_however_cut),
      host_test(commands_are_read_however_cut),
      host_test(arguments_at_their_limit_are_skipped_however_cut),
#ifdef WITH_HTTP
      host_test(http_lines_are_read_however_cut),
      host_test(http_fields_are_read_however_cut),
      host_test(http_bodies_are_read_however_cut),
      host_test(http_targets_are_read_however_cut),
#endif
      host_test(a_guest_gets_little),
      host_test(what_waits_has_its_time_and_costs_what_came),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
