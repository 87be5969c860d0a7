/* SPDX-License-Identifier: MIT */
/* Counted memory: it goes with its last owner, on whatever thread. */
#include "support/fixture.h"

/* ---- helpers ---- */

struct counted {
  int *closed;
  char filled[100];
};

static void close_it(void *block) {
  struct counted *c = block;
  ++*c->closed;
}

static struct counted *counted(int *closed) {
  void *block = NULL;
  assert_status(vt_counted_new(sizeof(struct counted), close_it, &block), 0);
  ((struct counted *)block)->closed = closed;
  return block;
}

enum { OWNERS = 1000 };

static void retain_and_release(void *block) {
  for (int i = 0; i < OWNERS; i++)
    vt_counted_release(vt_counted_retain(block));
  vt_counted_release(block);
}

/* ---- it works ---- */

static void it_goes_with_its_last_owner(void **state) {
  int closed = 0;
  struct counted *c = counted(&closed);
  (void)state;
  assert_int_equal((uintptr_t)c % _Alignof(max_align_t), 0);
  assert_int_equal(c->filled[99], 0);
  assert_ptr_equal(vt_counted_retain(c), c);
  vt_counted_release(c);
  assert_int_equal(closed, 0);
  vt_counted_drop(NULL, c);
  assert_int_equal(closed, 1);
}

static void threads_may_own_it(void **state) {
  int closed = 0;
  struct counted *c = counted(&closed);
  uv_thread_t threads[2];
  (void)state;
  for (int i = 0; i < 2; i++)
    assert_int_equal(
        uv_thread_create(&threads[i], retain_and_release, vt_counted_retain(c)),
        0);
  retain_and_release(c);
  for (int i = 0; i < 2; i++)
    uv_thread_join(&threads[i]);
  assert_int_equal(closed, 1);
}

static void one_without_an_end_is_memory(void **state) {
  void *block = NULL;
  (void)state;
  assert_status(vt_counted_new(0, NULL, &block), 0);
  vt_counted_release(block);
}

/* ---- it fails ---- */

static void nothing_is_nobodys(void **state) {
  void *block = NULL;
  (void)state;
  assert_null(vt_counted_retain(NULL));
  vt_counted_release(NULL);
  assert_status(vt_counted_new(1, NULL, NULL), UV_EINVAL);
  assert_status(vt_counted_new(SIZE_MAX, NULL, &block), UV_EINVAL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(it_goes_with_its_last_owner),
      fixture_test(threads_may_own_it),
      fixture_test(one_without_an_end_is_memory),
      fixture_test(nothing_is_nobodys),
  };
  return fixture_main("counted", tests);
}
