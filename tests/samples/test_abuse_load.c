/* SPDX-License-Identifier: MIT */
/* Clients that wait for one load of the countries, which hangs until the test
 * lets it go: any number of them make one, and who leaves stops nobody. */
#include "samples/abuse_host.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "countries/country_db.h"
#include "support/net.h"

#define MISSING "GET country:999\r\n"
#define NIL "$-1\r\n"

/* ---- the load ---- */

/* The linker takes plain functions, so these must be static. */
static atomic_int loads;
static uv_sem_t gate;

int __real_country_db_load(const char *path, const struct country_dict **out);
int __wrap_country_db_load(const char *path, const struct country_dict **out);

int __wrap_country_db_load(const char *path, const struct country_dict **out) {
  atomic_fetch_add(&loads, 1);
  uv_sem_wait(&gate);
  uv_sem_post(&gate); /* open for good */
  return __real_country_db_load(path, out);
}

/* ---- helpers ---- */

static int how_many(void) { return getenv("VT_ABUSE_LONG") ? 9000 : 1500; }

static void begin(struct host *h, struct inside *in) {
  assert_int_equal(uv_sem_init(&gate, 0), 0);
  atomic_store(&loads, 0);
  assert_null(host_open(h, in));
}

static void end(struct host *h) {
  assert_null(host_close(h));
  uv_sem_destroy(&gate);
}

/* Connections that have all asked, and been heard. */
static int *ask(struct host *h, int count) {
  int *fds = calloc((size_t)count, sizeof *fds);
  assert_non_null(fds);
  for (int i = 0; i < count; i++) {
    fds[i] = h->target.connect(h->target.arg);
    assert_true(fds[i] >= 0);
    assert_true(net_send(fds[i], MISSING, sizeof MISSING - 1));
    host_turn(h);
  }
  for (int i = 0; i < 20; i++)
    host_turn(h);
  return fds;
}

static void expect_nil(struct host *h, int fd) {
  char got[sizeof NIL] = "";
  ssize_t n;
  uint64_t until = uv_hrtime() + 20000000000u;
  while ((n = recv(fd, got, sizeof NIL - 1, MSG_DONTWAIT)) < 0 &&
         errno == EAGAIN && uv_hrtime() < until)
    host_turn(h);
  assert_int_equal(n, sizeof NIL - 1);
  assert_string_equal(got, NIL);
}

/* ---- cases ---- */

static void any_number_of_clients_make_one_load(void **state) {
  struct host h;
  int count = how_many();
  begin(&h, *state);
  int *fds = ask(&h, count);
  assert_int_equal(atomic_load(&loads), 1);
  uv_sem_post(&gate);
  for (int i = 0; i < count; i++) {
    expect_nil(&h, fds[i]);
    net_reset(fds[i]);
  }
  assert_int_equal(atomic_load(&loads), 1);
  free(fds);
  end(&h);
}

static void who_leaves_does_not_stop_the_load(void **state) {
  struct host h;
  begin(&h, *state);
  int *fds = ask(&h, 3);
  net_reset(fds[0]); /* the one that began it */
  close(fds[1]);
  for (int i = 0; i < 10; i++)
    host_turn(&h);
  uv_sem_post(&gate);
  expect_nil(&h, fds[2]);
  assert_int_equal(atomic_load(&loads), 1);
  close(fds[2]);
  free(fds);
  end(&h);
}

static void all_who_wait_may_go(void **state) {
  struct host h;
  int count = how_many();
  begin(&h, *state);
  int *fds = ask(&h, count);
  size_t waiting = host_memory();
  int files = host_files();
  for (int i = 0; i < count; i++)
    net_reset(fds[i]);
  uv_sem_post(&gate);
  host_rest(&h);
  assert_null(h.in->server.clients);
  assert_int_equal(host_files(), files - 2 * count);
  print_message("%d waited with %zu bytes each\n", count,
                (waiting - host_memory()) / (size_t)count);
  assert_true(host_memory() < waiting || waiting == 0);
  fds[0] = h.target.connect(h.target.arg);
  assert_true(net_send(fds[0], MISSING, sizeof MISSING - 1));
  expect_nil(&h, fds[0]);
  assert_int_equal(atomic_load(&loads), 1);
  close(fds[0]);
  free(fds);
  end(&h);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      host_test(any_number_of_clients_make_one_load),
      host_test(who_leaves_does_not_stop_the_load),
      host_test(all_who_wait_may_go),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
