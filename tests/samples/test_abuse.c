/* SPDX-License-Identifier: MIT */
/* The table of abuse against both sides of the server as a process: each input
 * whole, and half closed behind it. After each row a fresh client is served,
 * and the server has the descriptors and the memory that it had before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "samples/abuse.h"
#include "samples/site.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MEMORY_COUNTS 0 /* a sanitizer keeps what was freed */
#else
#define MEMORY_COUNTS 1
#endif

#ifdef WITH_HTTP
#define HTTP_OPTION "--http-port"
#else
#define HTTP_OPTION NULL
#endif

#define MEMORY_SLACK ((size_t)1024 * 1024)
#define REST_MS 10000

/* ---- the server, one for all rows ---- */

/* What is freed goes back to the system at once, so that it can be seen. */
static int start(void **state) {
  setenv("MALLOC_MMAP_THRESHOLD_", "65536", 1);
  setenv("MALLOC_TRIM_THRESHOLD_", "65536", 1);
  if (site_setup(state) != 0)
    return -1;
  return site_start(*state, HTTP_OPTION, "0") && site_serves(*state) ? 0 : -1;
}

static int stop(void **state) {
  struct site *s = *state;
  int status = site_stop(s, SIGTERM);
  const char *errors = site_errors(s);
  if (*errors)
    print_error("%s\n", errors);
  bool silent = !*errors;
  return site_teardown(state) == 0 && status == 0 && silent ? 0 : -1;
}

static int connect_to(void *arg) { return site_connect(arg); }

static void wait_a_moment(void *arg, int fd) {
  struct pollfd ready = {.fd = fd, .events = POLLIN};
  (void)arg;
  poll(&ready, 1, 2);
}

/* ---- a row ---- */

static int play_part(const struct abuse_target *target,
                     const struct abuse_part *part, const char *row) {
  static const struct abuse_way whole = {0}, closing = {.half_close = true};
  int count = 0;
  for (size_t i = 0; i < part->count; i++) {
    const struct abuse *a = &part->abuses[i];
    if (strcmp(a->row, row) != 0)
      continue;
    count++;
    assert_true(abuse_play(target, a, &whole));
    assert_true(a->end != STAYS || abuse_play(target, a, &closing));
  }
  return count;
}

/* Waits until the server has no more than before. */
static void expect_rest(const struct site *s, int files, size_t memory) {
  int ms = 0;
  bool more = true;
  for (; more && ms < REST_MS; ms += 10) {
    more = site_files(s) != files ||
           (MEMORY_COUNTS && site_memory(s) > memory + MEMORY_SLACK);
    if (more)
      usleep(10000);
  }
  if (more)
    print_error("descriptors %d, before %d; memory %zu, before %zu\n",
                site_files(s), files, site_memory(s), memory);
  assert_false(more);
}

static const struct abuse_part *const resp_parts[] = {
    &abuse_lengths, &abuse_lines, &abuse_commands, NULL};

static void play_row(struct site *s, const struct abuse_target *target,
                     const struct abuse_part *const *parts, const char *row) {
  int files = site_files_at_rest(s, 0), count = 0;
  size_t memory = site_memory(s);
  for (; *parts; parts++)
    count += play_part(target, *parts, row);
  assert_true(count > 0);
  assert_true(site_serves(s));
  expect_rest(s, files, memory);
  assert_string_equal(site_errors(s), "");
}

static void play_resp(struct site *s, const char *row) {
  const struct abuse_target target = {
      .connect = connect_to, .turn = wait_a_moment, .arg = s};
  play_row(s, &target, resp_parts, row);
}

#define ROW(row, name)                                                         \
  static void name(void **state) { play_resp(*state, row); }

ROW("R1", empty_requests_are_ignored)
ROW("R2", counts_below_one_ask_nothing_or_end_it)
ROW("R3", counts_over_the_limit_end_it)
ROW("R4", a_large_count_alone_waits)
ROW("R5", counts_that_are_none_end_it)
ROW("R6", endless_counts_end_it)
ROW("R7", negative_lengths_end_it)
ROW("R8", lengths_over_all_limits_end_it)
ROW("R9", a_large_length_alone_waits)
ROW("R10", lengths_that_are_none_end_it)
ROW("R11", what_is_no_argument_ends_it)
ROW("R12", an_argument_without_its_end_ends_it)
ROW("R13", endless_lines_end_it)
ROW("R14", open_quotes_end_it)
ROW("R15", bare_line_feeds_end_lines_only)
ROW("R16", half_a_line_end_waits)
ROW("R17", zero_bytes_end_it)
ROW("R18", long_unknown_names_are_cut)
ROW("R19", no_name_and_wrong_arity_are_told)
ROW("R20", keys_are_any_bytes)
ROW("R21", other_types_end_it)
ROW("R22", requests_are_answered_in_order)
ROW("R23", a_million_pings_are_answered)
ROW("R26", a_half_close_gets_its_replies)
ROW("R27", half_a_command_gets_none)
ROW("R28", http_is_closed_without_a_word)
ROW("R29", other_protocols_get_an_error)
ROW("R31", no_time_to_live_wraps)
ROW("R32", a_million_keys_are_answered)
ROW("R36", what_is_echoed_splits_no_reply)

#ifdef WITH_HTTP
static const struct abuse_part *const http_parts[] = {
    &abuse_http_lines, &abuse_http_fields, &abuse_http_bodies,
    &abuse_http_targets, NULL};

static int connect_http(void *arg) { return site_connect_http(arg); }

static void play_http(struct site *s, const char *row) {
  const struct abuse_target target = {.connect = connect_http,
                                      .turn = wait_a_moment,
                                      .arg = s,
                                      .is_http = true};
  play_row(s, &target, http_parts, row);
}

#define HTTP_ROW(row, name)                                                    \
  static void name(void **state) { play_http(*state, row); }

HTTP_ROW("W1", lengths_and_codings_exclude_each_other)
HTTP_ROW("W2", there_is_one_length)
HTTP_ROW("W3", a_length_is_digits)
HTTP_ROW("W4", codings_are_chunked_or_none)
HTTP_ROW("W5", old_clients_have_no_codings)
HTTP_ROW("W6", chunks_are_framed_to_the_letter)
HTTP_ROW("W7", extensions_of_chunks_have_a_limit)
HTTP_ROW("W8", trailers_have_the_limits_of_fields)
HTTP_ROW("W9", names_are_tokens_and_values_are_text)
HTTP_ROW("W10", lines_are_not_folded)
HTTP_ROW("W11", lines_end_with_crlf_only)
HTTP_ROW("W12", one_good_host_is_wanted)
HTTP_ROW("W13", request_lines_have_a_limit)
HTTP_ROW("W14", heads_have_limits)
HTTP_ROW("W15", bodies_have_a_limit)
HTTP_ROW("W16", other_versions_are_refused)
HTTP_ROW("W17", other_methods_are_refused)
HTTP_ROW("W18", targets_are_normalised_once)
HTTP_ROW("W19", what_has_no_body_gets_none)
HTTP_ROW("W20", expectations_are_few)
HTTP_ROW("W21", pipelined_requests_are_answered_in_order)
HTTP_ROW("W22", old_clients_are_kept_when_they_ask)
HTTP_ROW("W23", half_a_head_waits)
HTTP_ROW("W24", an_early_refusal_can_be_read)
HTTP_ROW("W25", close_wins)
HTTP_ROW("W26", no_line_end_becomes_a_field)
#endif

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(empty_requests_are_ignored),
      cmocka_unit_test(counts_below_one_ask_nothing_or_end_it),
      cmocka_unit_test(counts_over_the_limit_end_it),
      cmocka_unit_test(a_large_count_alone_waits),
      cmocka_unit_test(counts_that_are_none_end_it),
      cmocka_unit_test(endless_counts_end_it),
      cmocka_unit_test(negative_lengths_end_it),
      cmocka_unit_test(lengths_over_all_limits_end_it),
      cmocka_unit_test(a_large_length_alone_waits),
      cmocka_unit_test(lengths_that_are_none_end_it),
      cmocka_unit_test(what_is_no_argument_ends_it),
      cmocka_unit_test(an_argument_without_its_end_ends_it),
      cmocka_unit_test(endless_lines_end_it),
      cmocka_unit_test(open_quotes_end_it),
      cmocka_unit_test(bare_line_feeds_end_lines_only),
      cmocka_unit_test(half_a_line_end_waits),
      cmocka_unit_test(zero_bytes_end_it),
      cmocka_unit_test(long_unknown_names_are_cut),
      cmocka_unit_test(no_name_and_wrong_arity_are_told),
      cmocka_unit_test(keys_are_any_bytes),
      cmocka_unit_test(other_types_end_it),
      cmocka_unit_test(requests_are_answered_in_order),
      cmocka_unit_test(a_million_pings_are_answered),
      cmocka_unit_test(a_half_close_gets_its_replies),
      cmocka_unit_test(half_a_command_gets_none),
      cmocka_unit_test(http_is_closed_without_a_word),
      cmocka_unit_test(other_protocols_get_an_error),
      cmocka_unit_test(no_time_to_live_wraps),
      cmocka_unit_test(a_million_keys_are_answered),
      cmocka_unit_test(what_is_echoed_splits_no_reply),
#ifdef WITH_HTTP
      cmocka_unit_test(lengths_and_codings_exclude_each_other),
      cmocka_unit_test(there_is_one_length),
      cmocka_unit_test(a_length_is_digits),
      cmocka_unit_test(codings_are_chunked_or_none),
      cmocka_unit_test(old_clients_have_no_codings),
      cmocka_unit_test(chunks_are_framed_to_the_letter),
      cmocka_unit_test(extensions_of_chunks_have_a_limit),
      cmocka_unit_test(trailers_have_the_limits_of_fields),
      cmocka_unit_test(names_are_tokens_and_values_are_text),
      cmocka_unit_test(lines_are_not_folded),
      cmocka_unit_test(lines_end_with_crlf_only),
      cmocka_unit_test(one_good_host_is_wanted),
      cmocka_unit_test(request_lines_have_a_limit),
      cmocka_unit_test(heads_have_limits),
      cmocka_unit_test(bodies_have_a_limit),
      cmocka_unit_test(other_versions_are_refused),
      cmocka_unit_test(other_methods_are_refused),
      cmocka_unit_test(targets_are_normalised_once),
      cmocka_unit_test(what_has_no_body_gets_none),
      cmocka_unit_test(expectations_are_few),
      cmocka_unit_test(pipelined_requests_are_answered_in_order),
      cmocka_unit_test(old_clients_are_kept_when_they_ask),
      cmocka_unit_test(half_a_head_waits),
      cmocka_unit_test(an_early_refusal_can_be_read),
      cmocka_unit_test(close_wins),
      cmocka_unit_test(no_line_end_becomes_a_field),
#endif
  };
  return cmocka_run_group_tests(tests, start, stop);
}
