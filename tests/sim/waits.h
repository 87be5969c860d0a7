/* SPDX-License-Identifier: MIT */
/* Schedules of those who wait for one primitive: each waits in a setting, has
 * what it waited for a while, and gives it back; an actor cancels, withdraws,
 * forgets, or comes to it late; meanwhile others act on the primitive, and in
 * some schedules it is closed early. In the end all have gone on, once each,
 * and what the kind counts is there. */
#ifndef VT_TEST_WAITS_H
#define VT_TEST_WAITS_H

#include "sim/schedule.h"

enum { WAITS_EACH = 8, WAITS_KINDS = 6 };

enum setting { PLAIN, LATER, TIMEOUT, ANY, ALL, FUNCTION, SCOPED, SETTINGS };
enum actor { NOBODY, CANCELS, STOPS, BOTH, COMES_LATE, FORGETS, ACTORS };
enum outcome { GIVEN, GIVEN_UP, TIMED_OUT, LEFT, OUTCOMES };

struct waits;

struct wait {
  struct waits *all;
  enum setting setting;
  enum actor actor;
  uint64_t about; /* the kind's: how many, whether alone */
  vt_t v;
  vt_t join;          /* of its scope, where it is SCOPED */
  vt_result_t out[2]; /* of any and all: its own and a delay's */
  int count;          /* calls of the continuation */
  int joined;         /* the same of the scope's join */
  vt_result_t result; /* of the last call */
  vt_value_t value;   /* what it waited for, once it has it */
  bool in_hand;       /* it was given at the call */
  bool had;           /* it got what it waited for */
  bool has;           /* and has it still */
  bool cancelled;     /* the actor asked for it */
  bool left;          /* the actor withdrew or forgot it */
};

/* A primitive. */
struct waits_kind {
  const char *name;
  void (*open)(struct waits *all);
  vt_t (*begin)(struct wait *w);
  void (*got)(struct wait *w); /* NULL: begin is a function that does it all */
  void (*put)(struct wait *w); /* NULL: nothing to give back */
  void (*act)(struct waits *all);    /* somebody else; NULL: nobody */
  void (*finish)(struct waits *all); /* lets those who wait go on */
  void (*close)(struct waits *all, int64_t status);
  void (*check)(struct waits *all); /* before the last close */
  void (*end)(struct waits *all);   /* after it; NULL: nothing */
  bool settles;                     /* all go on before the last close */
  bool fails; /* what is waited for may fail, with the schedule's status */
};

/* The first member of a program's world. */
struct waits {
  struct schedule schedule;
  const struct waits_kind *kinds; /* set at each beginning */
  unsigned kind_count;
  const struct waits_kind *kind;
  struct wait each[WAITS_EACH];
  bool leaves;    /* some are withdrawn or forgotten in this schedule */
  int64_t closed; /* the status, when it was closed early */
  int64_t status; /* to close or fail with; a cancel where some leave, since
                     what fails when nobody waits is reported */
  uint64_t met[WAITS_KINDS][SETTINGS][OUTCOMES];
};

/* A schedule with one of the kinds. */
vt_t waits_run(struct waits *all, const struct waits_kind *kinds,
               unsigned count);

/* Whether it is over, and out of the line, though it is never given what it
 * waits for. */
bool waits_end_alone(const struct wait *w);

/* How many were withdrawn or forgotten. */
unsigned waits_left(const struct waits *all);

/* A rule of the kind did not hold. */
void waits_wrong(struct waits *all, const char *rule);

/* Of struct races. */
bool waits_have_met_all(const void *world, char *text, size_t size);

#endif
