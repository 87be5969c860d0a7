/* SPDX-License-Identifier: MIT */
/* Channels between async functions: several senders and receivers, and all
 * arrives once. */
#include "support/channel_form.h"
#include "support/fixture.h"

/* ---- helpers ---- */

struct pump_frame {
  vt_frame_t vt;
  vt_channel_t *from, *to;
  vt_value_t item;
  int64_t sum;
};

/* Passes on what comes until the end; to may be NULL. */
static vt_t pump_body(void *frame) {
  struct pump_frame *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  for (;;) {
    VT_AWAIT(f, r, vt_channel_receive_async(f->from));
    if (r.status == UV_EOF)
      break;
    f->sum += r.value.i;
    f->item = r.value;
    if (f->to)
      VT_TRY(f, vt_channel_send_async(f->to, f->item));
  }
  VT_RETURN(f, vt_from_int(f->sum));
  VT_END(f);
}

static vt_t pump(vt_channel_t *from, vt_channel_t *to) {
  struct pump_frame f = {.from = from, .to = to};
  return vt_start(&f, pump_body);
}

struct source_frame {
  vt_frame_t vt;
  vt_channel_t *to;
  int64_t left;
};

static vt_t source_body(void *frame) {
  struct source_frame *f = frame;
  VT_BEGIN(f);
  for (; f->left > 0; f->left--)
    VT_TRY(f, vt_channel_send_async(f->to, (vt_value_t){.i = f->left}));
  VT_END(f);
}

static vt_t source(vt_channel_t *to, int64_t count) {
  struct source_frame f = {.to = to, .left = count};
  return vt_start(&f, source_body);
}

static void run_pipeline(struct fixture *f, size_t capacity) {
  enum { EACH = 500 };
  struct seen sources[3] = {{0}}, pumps[4] = {{0}};
  vt_channel_t *a = NULL, *b = NULL;
  int64_t passed = 0, received = 0;
  assert_status(vt_channel_new(capacity, &a), 0);
  assert_status(vt_channel_new(capacity, &b), 0);
  for (int i = 0; i < 2; i++) {
    vt_await(pump(a, b), seen_k, &pumps[i]);
    vt_await(pump(b, NULL), seen_k, &pumps[2 + i]);
  }
  for (int i = 0; i < 3; i++)
    vt_await(source(a, EACH), seen_k, &sources[i]);
  for (int i = 0; i < 3; i++)
    assert_true(fixture_run_until(f, &sources[i].count, 1));
  vt_channel_close(a, 0);
  for (int i = 0; i < 2; i++)
    assert_true(fixture_run_until(f, &pumps[i].count, 1));
  vt_channel_close(b, 0);
  assert_true(fixture_run(f));
  for (int i = 0; i < 2; i++) {
    passed += pumps[i].result.value.i;
    received += pumps[2 + i].result.value.i;
  }
  assert_int_equal(passed, 3 * (EACH * (EACH + 1) / 2));
  assert_int_equal(received, passed);
  vt_channel_unref(a);
  vt_channel_unref(b);
}

/* ---- it works ---- */

static void several_pass_all_through_two_channels(void **state) {
  const size_t capacities[] = {0, 1, 7, CHANNEL_WIDEST};
  for (int i = 0; i < 4; i++)
    run_pipeline(*state, capacities[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(several_pass_all_through_two_channels),
  };
  return fixture_main("channel_pipeline", tests);
}
