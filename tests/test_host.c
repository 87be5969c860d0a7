/* SPDX-License-Identifier: MIT */
/* Hosts that end in their own ways: vt is a guest on their loop. */
#include "support/fixture.h"

/* ---- helpers ---- */

static int detached;

static void count_detached(uv_loop_t *uv) {
  (void)uv;
  detached++;
}

static void close_handle(uv_handle_t *handle, void *arg) {
  (void)arg;
  if (!uv_is_closing(handle))
    uv_close(handle, NULL);
}

/* ---- it works ---- */

static void detach_after_the_host_closes_all_handles(void **state) {
  (void)state;
  for (int turns = 0; turns < 3; turns++) {
    uv_loop_t uv;
    vt_loop_t *loop;
    detached = 0;
    assert_int_equal(uv_loop_init(&uv), 0);
    assert_int_equal(vt_loop_attach(&uv, &loop), 0);
    assert_int_equal(vt_loop_run(loop, vt_delay(1)).status, 0);
    uv_walk(&uv, close_handle, NULL);
    for (int i = 0; i < turns; i++)
      uv_run(&uv, UV_RUN_NOWAIT);
    assert_int_equal(vt_loop_detach(loop, count_detached), 0);
    assert_int_equal(detached, 0);
    uv_run(&uv, UV_RUN_DEFAULT);
    assert_int_equal(detached, 1);
    assert_int_equal(uv_loop_close(&uv), 0);
  }
}

static void a_detach_before_the_host_closes_all_is_left_alone(void **state) {
  uv_loop_t uv;
  vt_loop_t *loop;
  (void)state;
  detached = 0;
  assert_int_equal(uv_loop_init(&uv), 0);
  assert_int_equal(vt_loop_attach(&uv, &loop), 0);
  assert_int_equal(vt_loop_detach(loop, count_detached), 0);
  uv_walk(&uv, close_handle, NULL); /* ours are closing: left alone */
  uv_run(&uv, UV_RUN_DEFAULT);
  assert_int_equal(detached, 1);
  assert_int_equal(uv_loop_close(&uv), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(detach_after_the_host_closes_all_handles),
      cmocka_unit_test(a_detach_before_the_host_closes_all_is_left_alone),
  };
  return cmocka_run_group_tests_name("host", tests, NULL, NULL);
}
