/* SPDX-License-Identifier: MIT */
/* race [KIND...]
 * Runs VT_RACES operations of each kind, or of those named (short
 * without it; 1000000 for the long run), from VT_SEED, and demands: one
 * outcome of each awaited operation, none of a withdrawn one, no byte written
 * after the outcome, and no descriptor, block or operation left. */
#include "race/race.h"

#include "support/fixture.h"
#include "support/tmp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BATCH = 32, AFTER = 0xa5 };

enum plan {
  AWAIT,
  CANCEL,   /* awaited, then cancelled */
  FORGET,   /* at once */
  LEAVE,    /* cancelled and forgotten, later */
  WITHDRAW, /* awaited, then vt_await_stop */
  GIVE_UP,  /* withdrawn, then cancelled */
  TIMEOUT,
  SCOPE, /* awaited, and cancelled with the scope */
  CLOSE, /* awaited, then its object is closed */
  PLANS
};

struct batch {
  const struct race_kind *kind;
  struct fixture *f;
  uint64_t *random;
  uv_file file;
  vt_scope_t *scope;
  struct seen joined;
  struct seen closed;
  int closes;
  const char *problem;
  struct attempt attempts[BATCH];
};

struct tally {
  uint64_t done, cancelled, withdrawn, forgotten;
};

static uint64_t roll(uint64_t *random, uint64_t below) {
  uint64_t x = *random;
  x ^= x << 13;
  x ^= x >> 7;
  x ^= x << 17;
  *random = x;
  return (x >> 11) % below;
}

/* Lets the pool's threads go on for a while; at times, the loop too. */
static void wait_a_little(struct batch *b) {
  volatile uint64_t spin = roll(b->random, 4) ? 0 : roll(b->random, 20000);
  while (spin > 0)
    spin--;
  if (roll(b->random, 8) == 0)
    fixture_turn(b->f);
}

static void on_outcome(void *attempt, vt_result_t r) {
  struct attempt *a = attempt;
  struct batch *b = a->batch;
  struct attempt *other = &b->attempts[roll(b->random, BATCH)];
  a->outcomes++;
  a->last = r;
  if (r.status == 0 && b->kind->take)
    b->kind->take(a);
  memset(&a->room, AFTER, sizeof a->room);
  if (other->plan == CANCEL && roll(b->random, 4) == 0)
    (void)vt_cancel(other->v);
}

/* ---- begin ---- */

static void begin(struct batch *b, struct attempt *a) {
  a->batch = b;
  a->peer = -1;
  a->plan = (int)roll(b->random, PLANS);
  vt_scope_t *before = NULL;
  if (a->plan == SCOPE)
    before = vt_scope_enter(b->scope);
  a->v = b->kind->begin(a, b->file);
  if (a->plan == SCOPE)
    vt_scope_leave(before);
  if (vt_in_hand(a->v))
    a->plan = AWAIT; /* what is in hand is the awaiter's */
  if (a->plan == FORGET)
    vt_forget(a->v);
  else if (a->plan == TIMEOUT)
    vt_await(vt_with_timeout(a->v, roll(b->random, 2)), on_outcome, a);
  else if (a->plan != LEAVE)
    vt_await(a->v, on_outcome, a);
}

/* ---- then ---- */

static void close_object(struct batch *b, struct attempt *a) {
  if (!a->object)
    return;
  vt_await(b->kind->close(a), seen_k, &b->closed);
  a->object = NULL;
  b->closes++;
}

static void go_on(struct batch *b, struct attempt *a) {
  if (b->kind->event && a->object && roll(b->random, 2) == 0)
    b->kind->event(a);
  if (a->plan == CANCEL || a->plan == LEAVE)
    (void)vt_cancel(a->v);
  if (a->plan == LEAVE)
    vt_forget(a->v);
  if (a->plan == WITHDRAW || a->plan == GIVE_UP)
    a->withdrawn = vt_await_stop(a->v, on_outcome, a);
  if (a->plan == GIVE_UP && a->withdrawn)
    (void)vt_cancel(a->v);
  if (a->plan == SCOPE && roll(b->random, 4) == 0)
    vt_scope_cancel(b->scope, UV_ECANCELED);
  if (a->plan == CLOSE)
    close_object(b, a);
}

/* ---- and the end ---- */

static bool is_written(const struct attempt *a) {
  const unsigned char *bytes = (const unsigned char *)&a->room;
  for (size_t i = 0; i < sizeof a->room; i++)
    if (bytes[i] != AFTER)
      return true;
  return false;
}

static const char *judge(const struct attempt *a) {
  bool silent = a->plan == FORGET || a->plan == LEAVE || a->withdrawn;
  bool in_time = a->last.status != UV_ETIMEDOUT || a->plan == TIMEOUT;
  bool ended = a->plan != TIMEOUT || a->batch->kind->close;
  if (a->outcomes != !silent)
    return silent ? "an outcome, and nobody waits" : "not one outcome";
  if (silent)
    return NULL;
  if (a->last.status != 0 && a->last.status != a->batch->kind->also &&
      !(a->last.status == UV_ETIMEDOUT && in_time) &&
      !(a->last.status == UV_ECANCELED && ended))
    return vt_err_name(a->last.status);
  if (is_written(a))
    return "written to after the outcome";
  return a->batch->kind->check ? a->batch->kind->check(a) : NULL;
}

static void count(struct tally *t, const struct attempt *a) {
  if (a->withdrawn)
    t->withdrawn++;
  else if (a->outcomes == 0)
    t->forgotten++;
  else if (a->last.status == 0)
    t->done++;
  else
    t->cancelled++;
}

/* What still waits ends with its object. */
static const char *end_batch(struct batch *b) {
  for (int i = 0; i < BATCH; i++)
    close_object(b, &b->attempts[i]);
  vt_await(vt_scope_join(b->scope), seen_k, &b->joined);
  if (!fixture_run(b->f))
    return "the loop did not end";
  for (int i = 0; i < BATCH; i++)
    if (b->attempts[i].peer >= 0)
      close(b->attempts[i].peer);
  while (b->kind->also && fixture_take_report(b->f, VT_REPORT_FORGOTTEN)) {
  }
  if (b->closed.count != b->closes || b->closed.result.status != 0)
    return "a close without its one outcome";
  return b->joined.count == 1 ? NULL : "the scope was not joined once";
}

static const char *run_batch(struct batch *b, struct tally *t) {
  if (vt_scope_new(NULL, &b->scope) != 0)
    return "no scope";
  for (int i = 0; i < BATCH; i++)
    begin(b, &b->attempts[i]);
  for (int i = 0; i < BATCH; i++) {
    wait_a_little(b);
    go_on(b, &b->attempts[i]);
  }
  b->problem = end_batch(b);
  for (int i = 0; i < BATCH && !b->problem; i++) {
    b->problem = judge(&b->attempts[i]);
    count(t, &b->attempts[i]);
  }
  return b->problem;
}

static const char *run_kind(struct batch *b, uint64_t rounds, struct tally *t) {
  const struct batch empty = *b;
  const char *problem = NULL;
  int fds = 0;
  for (uint64_t i = 0; i < rounds && !problem; i += BATCH) {
    *b = empty;
    problem = run_batch(b, t);
    if (i == 0) /* libuv opens what it keeps */
      fds = tmp_count_fds();
  }
  if (!problem && tmp_count_fds() != fds)
    problem = "descriptors are left";
  return problem;
}

/* ---- the program ---- */

static uint64_t number_of(const char *name, uint64_t otherwise) {
  const char *text = getenv(name);
  return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

static bool is_wanted(const char *kind, int count, char **names) {
  for (int i = 0; i < count; i++)
    if (strcmp(names[i], kind) == 0)
      return true;
  return count == 0;
}

static const char *race(const struct race_kind *kind, uint64_t rounds,
                        uint64_t seed) {
  if (kind->cost)
    rounds = (rounds + kind->cost - 1) / kind->cost;
  static struct fixture f;
  static struct batch b;
  struct tally t = {0};
  char block[2048] = {0};
  const char *problem = fixture_open(&f);
  if (problem)
    return problem;
  memset(&b, 0, sizeof b);
  b.kind = kind;
  b.f = &f;
  b.random = &seed;
  b.file = tmp_fd();
  uv_fs_t req;
  uv_buf_t buf = uv_buf_init(block, sizeof block);
  uv_fs_write(NULL, &req, b.file, &buf, 1, 0, NULL);
  uv_fs_req_cleanup(&req);
  problem = run_kind(&b, rounds, &t);
  uv_fs_close(NULL, &req, b.file, NULL);
  uv_fs_req_cleanup(&req);
  printf("%-12s %llu done, %llu cancelled, %llu withdrawn, %llu forgotten\n",
         kind->name, (unsigned long long)t.done,
         (unsigned long long)t.cancelled, (unsigned long long)t.withdrawn,
         (unsigned long long)t.forgotten);
  const char *left = fixture_close(&f);
  return problem ? problem : left;
}

/* Runs those of kinds that are wanted: true when one went wrong. */
static bool race_all(const struct race_kind *kinds, int argc, char **argv) {
  uint64_t rounds = number_of("VT_RACES", 10000);
  uint64_t seed = number_of("VT_SEED", uv_hrtime()) | 1;
  bool bad = false;
  for (const struct race_kind *kind = kinds; kind->name; kind++) {
    if (!is_wanted(kind->name, argc - 1, argv + 1))
      continue;
    const char *problem = race(kind, rounds, seed);
    if (problem)
      printf("%s, VT_SEED=%llu: %s\n", kind->name, (unsigned long long)seed,
             problem);
    bad |= problem != NULL;
    fflush(stdout);
  }
  return bad;
}

/* In a folder of its own: a file that was made and never taken stays. */
int main(int argc, char **argv) {
  char folder[TMP_PATH];
  snprintf(folder, sizeof folder, "%s/vt-race-XXXXXX", tmp_folder());
  if (!mkdtemp(folder) || setenv("TMPDIR", folder, 1) != 0) {
    perror(folder);
    return EXIT_FAILURE;
  }
  bool bad = race_all(race_pool, argc, argv);
  bad |= race_all(race_objects, argc, argv);
  return tmp_remove_folder(folder) != 0 || bad;
}
