/* SPDX-License-Identifier: MIT */
/* The baseline of await_pending: a state machine of callbacks by hand, its
 * operation embedded, in an intrusive queue that an idle callback empties. */
#include "await_pending.h"

#include <uv.h>

#include "bench.h"

/* An operation as libuv has them: its callback gets the status. */
struct step {
  struct step *next;
  void (*cb)(struct step *step, int status);
  uint64_t value;
};

struct machine {
  struct step step; /* first: a step is its machine */
  struct machine *next_free;
  uint64_t sum;
  uint64_t left;
};

static struct step *queue_first;
static struct step **queue_end = &queue_first;
static struct machine *free_machines;
static unsigned running;
static uint64_t total;

static void step_begin(struct step *step, uint64_t value) {
  step->value = value;
  step->next = NULL;
  *queue_end = step;
  queue_end = &step->next;
}

static void machine_end(struct machine *m) {
  total += m->sum;
  m->next_free = free_machines;
  free_machines = m;
  running--;
}

static void on_step(struct step *step, int status) {
  struct machine *m = (struct machine *)step;
  if (status != 0) {
    machine_end(m);
    return;
  }
  m->sum += step->value;
  if (--m->left > 0)
    step_begin(step, m->left);
  else
    machine_end(m);
}

static void machine_start(void) {
  struct machine *m = free_machines;
  free_machines = m->next_free;
  m->step.cb = on_step;
  m->sum = 0;
  m->left = STEPS;
  running++;
  step_begin(&m->step, m->left);
}

static void on_turn(uv_idle_t *idle) {
  struct step *step = queue_first;
  queue_first = NULL;
  queue_end = &queue_first;
  while (step) {
    struct step *next = step->next;
    step->cb(step, 0);
    step = next;
  }
  if (running == 0)
    uv_idle_stop(idle);
}

static void machines_init(void) {
  static struct machine machines[FUNCTIONS];
  free_machines = NULL;
  for (uint64_t i = 0; i < FUNCTIONS; i++) {
    machines[i].next_free = free_machines;
    free_machines = &machines[i];
  }
  total = 0;
}

int await_pending_baseline(uint64_t n, double *out_ns) {
  uv_loop_t loop;
  uv_idle_t idle;
  int rc = uv_loop_init(&loop);
  if (rc != 0)
    return rc;
  uv_idle_init(&loop, &idle);
  machines_init();
  uint64_t start = bench_cpu_ns();
  for (uint64_t done = 0; done < n; done += AWAITS) {
    for (uint64_t i = 0; i < FUNCTIONS; i++)
      machine_start();
    uv_idle_start(&idle, on_turn);
    uv_run(&loop, UV_RUN_DEFAULT);
  }
  *out_ns = (double)(bench_cpu_ns() - start) / (double)n;
  uv_close((uv_handle_t *)&idle, NULL);
  uv_run(&loop, UV_RUN_DEFAULT);
  rc = uv_loop_close(&loop);
  return total == n / AWAITS * SUM ? rc : -1;
}
