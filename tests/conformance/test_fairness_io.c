/* SPDX-License-Identifier: MIT */
/* A loop of hits that yields every 1024 answers a ping within 1024 hits more;
 * hits are counted, not time. The ping comes from a thread over TCP; the loop
 * of hits itself waits until its byte can be read, so that the count is exact.
 * */
#include "support/pair.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- helpers ---- */

#define EVERY 1024
#define MOST 1000000

/* One connection, the hits beside it, and the pings. */
struct ping {
  struct pair pair;
  int fd; /* of the answering side */
  uv_thread_t thread;
  uv_sem_t go;
  int wanted;   /* pings in all */
  int sent;     /* begun by the hits */
  int answered; /* answers that went out */
  int returned; /* that came back, told by the thread */
  uint64_t every;
  uint64_t hits;
  uint64_t next; /* hits before the next ping */
  uint64_t sent_at;
  uint64_t worst; /* hits between a byte that can be read and its answer */
  uint64_t best;
};

/* The other side: a blocking socket in a thread. */
static void on_peer(void *arg) {
  struct ping *p = arg;
  for (int i = 0; i < p->wanted; i++) {
    char byte = (char)i, back = 0;
    uv_sem_wait(&p->go);
    if (!net_send(p->pair.fd, &byte, 1) || net_recv(p->pair.fd, &back, 1) != 1)
      return;
    p->returned += back == byte;
  }
}

static void maybe_ping(struct ping *p) {
  struct pollfd readable = {.fd = p->fd, .events = POLLIN};
  if (p->sent > p->answered || p->sent == p->wanted || p->hits < p->next)
    return;
  uv_sem_post(&p->go);
  p->sent += poll(&readable, 1, 20000) == 1;
  p->sent_at = p->hits;
}

static void note_answer(struct ping *p) {
  uint64_t late = p->hits - p->sent_at;
  if (late > p->worst)
    p->worst = late;
  if (late < p->best)
    p->best = late;
  p->answered++;
  p->next = p->hits + (uint64_t)(p->answered * 37 % EVERY);
}

struct busy_frame {
  vt_frame_t vt;
  struct ping *p;
};

static vt_t busy_body(void *frame) {
  struct busy_frame *f = frame;
  vt_value_t value;
  VT_BEGIN(f);
  while (f->p->answered < f->p->wanted && f->p->hits < MOST) {
    VT_TRY_VALUE(f, value, vt_from_int(1));
    f->p->hits += value.u;
    maybe_ping(f->p);
    if (f->p->hits % f->p->every == 0)
      VT_TRY(f, vt_yield());
  }
  VT_END(f);
}

/* Answers with an async function. */
struct answer_frame {
  vt_frame_t vt;
  struct ping *p;
  char byte;
};

static vt_t answer_body(void *frame) {
  struct answer_frame *f = frame;
  VT_BEGIN(f);
  while (f->p->answered < f->p->wanted) {
    VT_TRY(f, vt_stream_read(f->p->pair.stream, &f->byte, 1));
    VT_TRY(f, vt_stream_write(f->p->pair.stream, &f->byte, 1));
    note_answer(f->p);
  }
  VT_END(f);
}

static vt_t answer_async(struct ping *p) {
  struct answer_frame f = {.p = p};
  return vt_start_boxed(&f, sizeof f, answer_body);
}

/* Answers in a plain callback of libuv's. */
static void on_readable(uv_poll_t *poll, int status, int events) {
  struct ping *p = poll->data;
  char byte;
  if (status != 0 || !(events & UV_READABLE) || recv(p->fd, &byte, 1, 0) != 1)
    return;
  if (net_send(p->fd, &byte, 1))
    note_answer(p);
  if (p->answered == p->wanted)
    uv_close((uv_handle_t *)poll, NULL);
}

static void ping_open(struct ping *p, struct fixture *f) {
  p->pair = pair_open(f);
  p->best = UINT64_MAX;
  assert_int_equal(
      uv_fileno((uv_handle_t *)vt_stream_uv(p->pair.stream), &p->fd), 0);
  assert_int_equal(uv_sem_init(&p->go, 0), 0);
  assert_int_equal(uv_thread_create(&p->thread, on_peer, p), 0);
}

static void run_busy(struct ping *p, struct fixture *f, struct seen *seen) {
  struct busy_frame frame = {.p = p};
  vt_await(vt_start(&frame, busy_body), seen_k, seen);
  fixture_run(f);
  uv_thread_join(&p->thread);
  uv_sem_destroy(&p->go);
}

static void assert_answered(const struct ping *p, uint64_t most) {
  assert_int_equal(p->answered, p->wanted);
  assert_int_equal(p->returned, p->wanted);
  assert_in_range(p->worst, 0, most);
}

/* ---- it works ---- */

static void hits_that_yield_let_a_function_answer(void **state) {
  struct fixture *f = *state;
  struct ping p = {.wanted = 64, .every = EVERY};
  struct seen seen[2] = {{0}};
  ping_open(&p, f);
  vt_await(answer_async(&p), seen_k, &seen[0]);
  run_busy(&p, f, &seen[1]);
  pair_close(f, &p.pair);
  assert_seen_status(&seen[0], 0);
  assert_seen_status(&seen[1], 0);
  assert_answered(&p, EVERY);
  assert_in_range(p.worst, EVERY / 2, EVERY); /* pings came early and late */
  assert_in_range(p.best, 0, EVERY / 2);
}

static void hits_that_yield_let_a_callback_answer(void **state) {
  struct fixture *f = *state;
  struct ping p = {.wanted = 64, .every = EVERY};
  struct seen seen = {0};
  uv_poll_t poll;
  ping_open(&p, f);
  p.fd = dup(p.fd); /* the stream reads nothing, and polls for nothing */
  uv_poll_init(&f->uv, &poll, p.fd);
  poll.data = &p;
  uv_poll_start(&poll, UV_READABLE, on_readable);
  run_busy(&p, f, &seen);
  pair_close(f, &p.pair);
  close(p.fd);
  assert_seen_status(&seen, 0);
  assert_answered(&p, EVERY);
}

/* Who yields twice as often answers twice as soon. */
static void the_answer_is_as_soon_as_the_yield(void **state) {
  struct fixture *f = *state;
  struct ping p = {.wanted = 64, .every = EVERY / 8};
  struct seen seen[2] = {{0}};
  ping_open(&p, f);
  vt_await(answer_async(&p), seen_k, &seen[0]);
  run_busy(&p, f, &seen[1]);
  pair_close(f, &p.pair);
  assert_answered(&p, EVERY / 8);
}

/* ---- it fails ---- */

/* Nothing else runs between hits: who loops over them has to yield. */
static void hits_that_never_yield_answer_at_their_end(void **state) {
  struct fixture *f = *state;
  struct ping p = {.wanted = 1, .every = UINT64_MAX, .next = 1000};
  struct seen seen[2] = {{0}};
  ping_open(&p, f);
  vt_await(answer_async(&p), seen_k, &seen[0]);
  run_busy(&p, f, &seen[1]);
  pair_close(f, &p.pair);
  assert_answered(&p, MOST);
  assert_int_equal(p.worst, MOST - 1000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(hits_that_yield_let_a_function_answer),
      fixture_test(hits_that_yield_let_a_callback_answer),
      fixture_test(the_answer_is_as_soon_as_the_yield),
      fixture_test(hits_that_never_yield_answer_at_their_end),
  };
  return fixture_main("fairness_io", tests);
}
