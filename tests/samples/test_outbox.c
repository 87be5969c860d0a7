/* SPDX-License-Identifier: MIT */
/* The outbox by itself: what is posted, refused, owed, and when it goes. */
#include "cache_server/outbox.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "support/pair.h"

/* Not a connection, but it has a seat. */
struct fake {
  struct seat seat;
  vt_stream_t *stream;
  char owed[64];
  size_t owed_size;
};

static vt_stream_t *fake_stream(const struct seat *seat) {
  return ((const struct fake *)(const void *)seat)->stream;
}

static void fake_owe(struct seat *seat, const char *rest, size_t size) {
  struct fake *fake = (struct fake *)(void *)seat;
  memcpy(fake->owed, rest, size);
  fake->owed_size = size;
}

static const struct seat_kind fake_kind = {.stream = fake_stream,
                                           .owe = fake_owe};

static struct fake fake_on(vt_stream_t *stream) {
  return (struct fake){.seat = {.kind = &fake_kind}, .stream = stream};
}

static void what_is_posted_goes_out_in_its_order(void **state) {
  enum { MANY = 700 };
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  struct outbox *o = outbox_new(&f->uv);
  struct fake *fakes = calloc(MANY, sizeof *fakes);
  char data[MANY * 100], back[sizeof data];
  pair_fill(data, sizeof data, 0);
  for (size_t i = 0; i < MANY; i++) { /* more than it holds */
    fakes[i] = fake_on(p.stream);
    assert_true(outbox_post(o, &fakes[i].seat, data + 100 * i, 100));
    assert_true(fakes[i].seat.posted);
  }
  outbox_settle(o, &fakes[MANY - 1].seat);
  assert_int_equal(net_recv(p.fd, back, sizeof back), sizeof back);
  assert_int_equal(pair_count_wrong(back, sizeof back, 0), 0);
  for (size_t i = 0; i < MANY; i++)
    assert_false(fakes[i].seat.posted);
  outbox_free(o);
  free(fakes);
  pair_close(f, &p);
}

static void a_long_one_is_left_to_its_sender(void **state) {
  struct fixture *f = *state;
  struct outbox *o = outbox_new(&f->uv);
  struct fake fake = fake_on(NULL);
  char data[OUTBOX_LETTER_MAX + 1] = "";
  assert_false(outbox_post(o, &fake.seat, data, sizeof data));
  assert_false(outbox_post(NULL, &fake.seat, data, 1));
  assert_false(fake.seat.posted);
  assert_true(outbox_post(o, &fake.seat, data, sizeof data - 1));
  outbox_send(o); /* to one that is closed */
  assert_int_equal(fake.owed_size, 0);
  outbox_free(o);
  outbox_free(NULL);
}

static void what_the_kernel_does_not_take_is_owed(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  struct outbox *o = outbox_new(&f->uv);
  struct fake fake = fake_on(p.stream);
  pair_stuff(p.stream);
  outbox_post(o, &fake.seat, "letter", 6);
  outbox_send(o);
  assert_int_equal(fake.owed_size, 6);
  assert_memory_equal(fake.owed, "letter", 6);
  assert_false(fake.seat.posted);
  outbox_free(o);
  pair_close(f, &p);
}

struct early {
  uv_timer_t posts, looks;
  struct outbox *outbox;
  struct fake fake;
  int fd;
  char got[8];
};

static void on_posts(uv_timer_t *timer) {
  struct early *e = timer->data;
  outbox_post(e->outbox, &e->fake.seat, "letter", 6);
  uv_close((uv_handle_t *)timer, NULL);
}

static void on_looks(uv_timer_t *timer) {
  struct early *e = timer->data;
  (void)!recv(e->fd, e->got, 6, MSG_DONTWAIT);
  uv_close((uv_handle_t *)timer, NULL);
}

static void the_loop_does_not_wait_with_a_letter(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  struct early e = {.fake = fake_on(p.stream), .fd = p.fd};
  e.outbox = outbox_new(&f->uv);
  uv_timer_init(&f->uv, &e.posts);
  uv_timer_init(&f->uv, &e.looks);
  e.posts.data = e.looks.data = &e;
  uv_timer_start(&e.posts, on_posts, 1, 0);
  uv_timer_start(&e.looks, on_looks, 50, 0);
  assert_true(fixture_run(f));
  assert_string_equal(e.got, "letter");
  outbox_free(e.outbox);
  pair_close(f, &p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(what_is_posted_goes_out_in_its_order),
      fixture_test(a_long_one_is_left_to_its_sender),
      fixture_test(what_the_kernel_does_not_take_is_owed),
      fixture_test(the_loop_does_not_wait_with_a_letter),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
