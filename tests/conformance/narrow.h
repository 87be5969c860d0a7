/* SPDX-License-Identifier: MIT */
/* Chains of awaits on a thread with a stack of 64 KiB: a short one and a long
 * one must use the same stack, complete, and give back all that they took. */
#ifndef VT_TEST_NARROW_H
#define VT_TEST_NARROW_H

#include "support/fixture.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define NARROW_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define NARROW_SANITIZED 1
#endif
#endif

/* What sanitizers put into frames and threads is not ours. */
#ifdef NARROW_SANITIZED
#define NARROW_STACK ((size_t)512 * 1024)
#else
#define NARROW_STACK ((size_t)64 * 1024)
#endif

/* What a chain may use, however long: half of the thread's stack. libuv's
 * uv_run takes 13 KiB of it for the events of a poll. */
#define NARROW_BOUND (NARROW_STACK / 2)

/* A chain that is built before it completes has at most so many links at a
 * time, and the rounds that it takes: ten million async functions waiting at
 * once are 1.4 GB of boxes. The stack tells no difference: it would hold no
 * more than some thousand calls. */
#define NARROW_DEEP 1000000u

#define NARROW_LINKS 10000000u

/* One chain. What runs it counts in done and wrong. */
struct narrow {
  uint64_t links;     /* how many are wanted */
  uint64_t done;      /* links that completed */
  uint64_t wrong;     /* links whose result was not right, calls refused */
  struct fixture *f;  /* of its thread */
  const void *kind;   /* for the function that runs it */
  uint64_t allocated; /* what the pools held after the first round */
  uint64_t rounds;
  uint64_t grown;    /* rounds after which they held more */
  uint64_t left;     /* blocks in use at the end */
  uint64_t reports;  /* made until the detach */
  size_t stack_size; /* of its thread, as the system tells it */
  size_t used;       /* bytes of that; 0 where a tool forbids to look */
  const char *problem;
};

typedef void narrow_fn(struct narrow *n);

/* Runs a chain of links, and asserts only what concerns its thread. */
struct narrow narrow_run(narrow_fn *run, const void *kind, uint64_t links);

/* Runs a short chain and one of links, and asserts that all links completed
 * rightly and were freed, and that both used the same stack, under the bound.
 * Sanitizers and valgrind get a hundredth of the links. */
void narrow_assert_keeps(narrow_fn *run, const void *kind, uint64_t links);

/* Fewer of them where a tool makes each slow. */
uint64_t narrow_scaled(uint64_t links);

/* The length of the next round of a built chain; 0: enough were done. */
uint64_t narrow_round(struct narrow *n, uint64_t begun);

/* A round is over: notes what the pools hold, and what is in use. */
void narrow_round_end(struct narrow *n);

/* Notes a call's answer: what is not 0 is wrong. */
void narrow_note(struct narrow *n, int rc);

#endif
