/* SPDX-License-Identifier: MIT */
/* Random schedules on the simulated libuv: what the programs of this folder
 * share. A seed names a schedule. A rule that does not hold is told with the
 * seed of its schedule, and `<program> 1 <seed>` runs that one again;
 * `<program> <count>` runs so many from seed 1 on. With VT_PLANTED=1 in the
 * environment the program breaks a rule now and then, to show just that. */
#ifndef VT_TEST_SCHEDULE_H
#define VT_TEST_SCHEDULE_H

#include "support/fixture.h"

#include <vt_sim.h>

/* The first member of a program's world. */
struct schedule {
  uint64_t seed; /* of the next schedule */
  uint32_t random;
  uint64_t digest; /* of what ended how, in order */
  uint64_t done;   /* schedules */
  bool planted;    /* a rule is to be broken now and then */
  char wrong[160]; /* the first rule that did not hold */
};

/* What a program is. */
struct races {
  const char *name;
  void *world; /* begins with a struct schedule; zeroed before each case */
  size_t size;
  vt_sim_body_fn *body; /* one schedule; its argument is the world */
  /* Whether schedules enough have met all that they are to meet; else tells
   * what is missing. */
  bool (*has_met_all)(const void *world, char *text, size_t size);
  uint64_t count; /* of schedules, where the command line names none */
};

/* Begins a schedule: at the beginning of the body. */
void schedule_begin(struct schedule *s);

/* Ends it: what the body returns. */
vt_t schedule_end(struct schedule *s);

/* A number below n. */
unsigned schedule_pick(struct schedule *s, unsigned n);

/* Whether to break a rule here. */
bool schedule_is_planted(struct schedule *s);

/* Something happened: goes into the digest. */
void schedule_note(struct schedule *s, uint64_t what, int64_t how);

/* A rule did not hold, for whom; the first is kept. */
void schedule_wrong(struct schedule *s, const char *whom, const char *rule);

/* The main of a program. */
int schedule_main(int argc, char **argv, const struct races *races);

#endif
