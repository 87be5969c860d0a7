/* SPDX-License-Identifier: MIT */
/* Threads publish to one loop in bursts, and wait until each is seen: nothing
 * is lost, nothing comes twice, and the loop does not sleep with work.
 *
 *   vt_hammer 20000000    so many publishes
 *   vt_hammer --full      200 million
 *
 * Each place is awaited by the loop and resumed by its thread, every fourth
 * through a promise. All threads wait for the whole round, or the next burst
 * would wake a loop that slept through the last. The pauses between the
 * publishes of a burst are random and short, so that one meets the loop just as
 * it clears its wake-up and looks. Ends with 1 when a round is not seen for
 * 60 seconds. */
#define _GNU_SOURCE
#include <vt.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { THREADS = 2, BURST = 32, PLACES = THREADS * BURST };

#define PATIENCE ((uint64_t)60 * 1000 * 1000 * 1000)

struct place {
  vt_source_t source;
  vt_continuation_t continuation;
  vt_promise_t *promise; /* in place of the source */
  struct hammer *hammer;
  int64_t round; /* that it waits for */
  bool promised;
};

struct hammer {
  struct place places[PLACES];
  int64_t rounds;
  _Atomic int64_t seen; /* publishes, since the beginning */
  uint64_t wrong;
  uint64_t polls; /* turns that were free to sleep */
  uint64_t sleeps;
  uv_prepare_t prepare;
};

struct publisher {
  struct hammer *hammer;
  struct place *places;
  uint32_t seed;
  uint64_t refused;
  uv_thread_t thread;
};

/* ---- a source that its thread resumes ---- */

static int64_t place_status(const vt_source_t *source, uint64_t token) {
  return source->token == token ? VT_PENDING : VT_ESTALE;
}

static vt_result_t place_result(vt_source_t *source, uint64_t token) {
  (void)source;
  (void)token;
  return (vt_result_t){.status = VT_EPENDING};
}

static int place_on_completed(vt_source_t *source, uint64_t token,
                              const vt_continuation_t *c) {
  (void)token;
  ((struct place *)(void *)source)->continuation = *c;
  return 0;
}

static const vt_source_ops_t place_ops = {.kind = "place",
                                          .status = place_status,
                                          .result = place_result,
                                          .on_completed = place_on_completed};

/* ---- the loop ---- */

static void on_seen(void *state, vt_result_t result);

static void await_place(struct place *p) {
  if (!p->promised) {
    p->source.token++;
    vt_await(vt_from_source(&p->source), on_seen, p);
  } else if (vt_promise_new(0, &p->promise) == 0) {
    vt_await(vt_from_task(vt_promise_task(p->promise)), on_seen, p);
  } else {
    p->hammer->wrong++;
  }
}

static void on_seen(void *state, vt_result_t result) {
  struct place *p = state;
  struct hammer *h = p->hammer;
  if (result.status != 0 || result.value.i != p->round)
    h->wrong++;
  if (++p->round < h->rounds)
    await_place(p);
  /* The place is ready before its thread is told. */
  atomic_fetch_add_explicit(&h->seen, 1, memory_order_release);
}

static void on_prepare(uv_prepare_t *prepare) {
  struct hammer *h = prepare->data;
  if (uv_backend_timeout(prepare->loop) != 0)
    h->polls++;
}

static uint64_t switches(void) {
  struct rusage usage;
  getrusage(RUSAGE_THREAD, &usage);
  return (uint64_t)usage.ru_nvcsw;
}

/* ---- the threads ---- */

static uint32_t next_random(uint32_t *seed) {
  *seed = *seed * 1664525u + 1013904223u;
  return *seed >> 8;
}

static void publish(struct publisher *u, struct place *p, int64_t round) {
  vt_result_t result = {0, {.i = round}};
  int rc;
  if (p->promised) {
    vt_promise_t *promise = p->promise;
    rc = vt_promise_set(promise, result.value);
    vt_promise_free(promise);
  } else {
    vt_continuation_t c = p->continuation;
    rc = vt_resume(&c, result);
  }
  if (rc != 0)
    u->refused++;
}

static void await_round(const struct hammer *h, int64_t round) {
  int64_t wanted = (round + 1) * PLACES;
  uint64_t since = uv_hrtime();
  for (uint64_t tries = 1;
       atomic_load_explicit(&h->seen, memory_order_acquire) < wanted; tries++) {
    if (tries % 64 == 0)
      uv_sleep(0);
    if (tries % 65536 == 0 && uv_hrtime() - since > PATIENCE) {
      printf("round %lld is not seen: %lld of %lld publishes\n",
             (long long)round, (long long)atomic_load(&h->seen),
             (long long)wanted);
      fflush(stdout);
      _exit(1);
    }
  }
}

static void publish_rounds(void *arg) {
  struct publisher *u = arg;
  for (int64_t round = 0; round < u->hammer->rounds; round++) {
    for (int i = 0; i < BURST; i++) {
      for (uint32_t spin = next_random(&u->seed) % 128; spin != 0; spin--)
        atomic_thread_fence(memory_order_seq_cst);
      publish(u, &u->places[i], round);
    }
    await_round(u->hammer, round);
  }
}

/* ---- a run ---- */

static uint64_t run(struct hammer *h, uv_loop_t *uv) {
  struct publisher publishers[THREADS];
  uint64_t refused = 0, before = switches();
  for (int i = 0; i < PLACES; i++) {
    struct place *p = &h->places[i];
    p->source.ops = &place_ops;
    p->hammer = h;
    p->promised = i % 4 == 3;
    await_place(p);
  }
  for (int i = 0; i < THREADS; i++) {
    publishers[i] = (struct publisher){
        .hammer = h, .places = &h->places[i * BURST], .seed = 7u + (unsigned)i};
    if (uv_thread_create(&publishers[i].thread, publish_rounds,
                         &publishers[i]) != 0)
      abort();
  }
  uv_run(uv, UV_RUN_DEFAULT);
  h->sleeps = switches() - before;
  for (int i = 0; i < THREADS; i++) {
    uv_thread_join(&publishers[i].thread);
    refused += publishers[i].refused;
  }
  return refused;
}

static void on_detached(uv_loop_t *uv) { (void)uv; }

static int hammer(int64_t publishes) {
  static struct hammer h;
  uv_loop_t uv;
  vt_loop_t *vt;
  h.rounds = (publishes + PLACES - 1) / PLACES;
  if (uv_loop_init(&uv) != 0 || vt_loop_attach(&uv, &vt) != 0)
    return 1;
  uv_prepare_init(&uv, &h.prepare);
  h.prepare.data = &h;
  uv_prepare_start(&h.prepare, on_prepare);
  uv_unref((uv_handle_t *)&h.prepare);
  uint64_t start = uv_hrtime();
  uint64_t refused = run(&h, &uv);
  double seconds = (double)(uv_hrtime() - start) / 1e9;
  uv_close((uv_handle_t *)&h.prepare, NULL);
  int detached = vt_loop_detach(vt, on_detached);
  uv_run(&uv, UV_RUN_DEFAULT);
  int closed = uv_loop_close(&uv);
  int64_t seen = atomic_load(&h.seen);
  printf("%lld publishes in %lld bursts, %lld seen, %llu wrong, %llu refused; "
         "%llu polls free to sleep, %llu sleeps; %.1f s\n",
         (long long)(h.rounds * PLACES), (long long)(h.rounds * THREADS),
         (long long)seen, (unsigned long long)h.wrong,
         (unsigned long long)refused, (unsigned long long)h.polls,
         (unsigned long long)h.sleeps, seconds);
  return seen == h.rounds * PLACES && h.wrong == 0 && refused == 0 &&
                 h.sleeps != 0 && detached == 0 && closed == 0
             ? 0
             : 1;
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "--full") == 0)
    return hammer(200000000);
  if (argc == 2 && atoll(argv[1]) > 0)
    return hammer(atoll(argv[1]));
  fprintf(stderr, "usage: %s PUBLISHES | --full\n", argv[0]);
  return 2;
}
