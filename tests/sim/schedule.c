/* SPDX-License-Identifier: MIT */
#include "schedule.h"

#include "support/tmp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MET_AFTER = 4000, REPEATED = 200, PLANTED_MOST = 2000 };

/* ---- a schedule ---- */

void schedule_begin(struct schedule *s) {
  s->random = (uint32_t)(s->seed++ * 2654435761u);
  s->digest = 0;
  s->wrong[0] = '\0';
}

vt_t schedule_end(struct schedule *s) {
  s->done++;
  return s->wrong[0] ? vt_failed(UV_EPROTO) : vt_done();
}

unsigned schedule_pick(struct schedule *s, unsigned n) {
  s->random = s->random * 1664525u + 1013904223u;
  return (s->random >> 8) % n;
}

bool schedule_is_planted(struct schedule *s) {
  return s->planted && schedule_pick(s, 50) == 0;
}

void schedule_note(struct schedule *s, uint64_t what, int64_t how) {
  s->digest = s->digest * 31 + what * 7 + (uint64_t)how;
}

void schedule_wrong(struct schedule *s, const char *whom, const char *rule) {
  if (!s->wrong[0])
    snprintf(s->wrong, sizeof s->wrong, "%s: %s", whom, rule);
}

/* ---- a run ---- */

static struct {
  const struct races *races;
  const char *program;
  uint64_t first; /* seed */
  uint64_t count;
  bool planted;
  bool brief; /* the schedules and nothing else */
} run;

/* The world as new, before the schedule of a seed. */
static struct schedule *world_at(uint64_t seed) {
  struct schedule *s = run.races->world;
  memset(s, 0, run.races->size);
  s->seed = seed;
  s->planted = run.planted;
  return s;
}

static int64_t search(struct schedule *s, uint64_t count,
                      vt_sim_result_t *out) {
  vt_sim_options_t options = {.seed = s->seed};
  return vt_sim_search(&options, count, run.races->body, s, out);
}

/* ---- cases ---- */

static void every_schedule_keeps_the_rules(void **state) {
  struct schedule *s = world_at(run.first);
  vt_sim_result_t out;
  int fds = tmp_count_fds();
  (void)state;
  if (search(s, run.count, &out) != 0)
    fail_msg("seed %llu: %s (%s); again: %s 1 %llu",
             (unsigned long long)out.seed, s->wrong, out.text, run.program,
             (unsigned long long)out.seed);
  assert_int_equal(s->done, run.count);
  assert_int_equal(tmp_count_fds(), fds);
}

/* Else the case above would show nothing. */
static void every_outcome_is_met(void **state) {
  struct schedule *s = world_at(1);
  char text[128] = "";
  (void)state;
  assert_status(search(s, MET_AFTER, NULL), 0);
  if (!run.races->has_met_all(s, text, sizeof text))
    fail_msg("never met: %s", text);
}

static void each_schedule_repeats(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= REPEATED; seed++) {
    vt_sim_result_t out[2];
    uint64_t digests[2];
    for (int i = 0; i < 2; i++) {
      struct schedule *s = world_at(seed);
      assert_status(search(s, 1, &out[i]), 0);
      digests[i] = s->digest;
    }
    assert_int_equal(digests[0], digests[1]);
    assert_int_equal(out[0].turns, out[1].turns);
  }
}

static void a_planted_failure_is_found_and_repeats(void **state) {
  vt_sim_result_t out, again;
  struct schedule found;
  (void)state;
  run.planted = true;
  struct schedule *s = world_at(1);
  int64_t status = search(s, PLANTED_MOST, &out);
  found = *s;
  s = world_at(out.seed);
  int64_t second = search(s, 1, &again);
  run.planted = false;
  assert_status(status, UV_EPROTO);
  assert_status(second, UV_EPROTO);
  assert_string_equal(s->wrong, found.wrong);
  assert_int_equal(s->digest, found.digest);
  assert_status(search(world_at(out.seed), 1, &again), 0);
}

static int run_cases(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_schedule_keeps_the_rules),
      cmocka_unit_test(every_outcome_is_met),
      cmocka_unit_test(each_schedule_repeats),
      cmocka_unit_test(a_planted_failure_is_found_and_repeats),
  };
  const struct CMUnitTest one[] = {
      cmocka_unit_test(every_schedule_keeps_the_rules),
  };
  return run.brief ? fixture_main(run.races->name, one)
                   : fixture_main(run.races->name, tests);
}

int schedule_main(int argc, char **argv, const struct races *races) {
  run.races = races;
  run.first = 1;
  run.program = argv[0];
  run.brief = argc > 1 || getenv("VT_VALGRIND");
  run.count = run.brief ? races->count / 40 : races->count;
  run.planted = getenv("VT_PLANTED") != NULL;
  if (argc > 1)
    run.count = strtoull(argv[1], NULL, 10);
  if (argc > 2)
    run.first = strtoull(argv[2], NULL, 10);
  return run_cases();
}
