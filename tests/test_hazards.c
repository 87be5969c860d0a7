/* SPDX-License-Identifier: MIT */
/* Hazards of libuv that belong to no header, and those of libuv 1.44 that need
 * a libuv that fails: tests/hazards.md lists them all. */
#define _GNU_SOURCE /* RTLD_NEXT */
#include "support/fixture.h"
#include "support/net.h"
#include "support/tmp.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- a libuv whose next accept fails ---- */

static bool accept_fails;
static int accepts_failed;

typedef int accept_fn(uv_stream_t *server, uv_stream_t *client);

/* The stream has a descriptor already, which the true one then refuses: it
 * closes the connection and polls the listener no more. */
static void occupy(uv_stream_t *client) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (uv_tcp_open((uv_tcp_t *)client, fd) == 0)
    accepts_failed++;
}

#pragma GCC visibility push(default)

int uv_accept(uv_stream_t *server, uv_stream_t *client) {
  accept_fn *fn;
  *(void **)&fn = dlsym(RTLD_NEXT, "uv_accept");
  if (accept_fails)
    occupy(client);
  accept_fails = false;
  return fn(server, client);
}

#pragma GCC visibility pop

/* ---- helpers ---- */

static vt_result_t run(struct fixture *f, vt_t v) {
  return vt_loop_run(f->vt, v);
}

/* A byte that waits in a socket, and the stream that reads it. */
struct byte {
  vt_stream_t *stream;
  int fd;
  char c;
  struct seen seen;
};

static void byte_send(struct byte *b) {
  int fds[2];
  memset(b, 0, sizeof *b);
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
  assert_int_equal(vt_pipe_open(fds[0], false, &b->stream), 0);
  b->fd = fds[1];
  vt_await(vt_stream_read(b->stream, &b->c, 1), seen_k, &b->seen);
  assert_int_equal(write(b->fd, "x", 1), 1);
}

static void byte_end(struct fixture *f, struct byte *b) {
  assert_status(run(f, vt_stream_close(b->stream)).status, 0);
  close(b->fd);
}

/* ---- H5: a timer that is always due ---- */

enum { CHAINS = 4, LINKS = 1000 };

struct chain {
  const struct byte *byte;
  int links; /* before the byte came, of all chains */
};

/* Each is due when it has been begun by all the others. */
static void again_k(void *chain, vt_result_t r) {
  struct chain *c = chain;
  (void)r;
  if (c->byte->seen.count > 0 || ++c->links > LINKS)
    return;
  uv_sleep(1);
  vt_await(vt_delay(1), again_k, c);
}

static void delays_that_are_always_due_let_io_in(void **state) {
  struct fixture *f = *state;
  struct byte b;
  struct chain c = {.byte = &b};
  byte_send(&b);
  for (int i = 0; i < CHAINS; i++)
    vt_await(vt_delay(1), again_k, &c);
  assert_true(fixture_run(f));
  assert_seen_int(&b.seen, 1);
  assert_in_range(c.links, 0, LINKS / 2);
  byte_end(f, &b);
}

/* ---- H11: threads that wait in an open ---- */

enum { THREADS = 4 };

struct blocked {
  char fifo[TMP_PATH];
  struct seen opened[THREADS];
};

static void block_pool(struct blocked *b) {
  tmp_file(b->fifo);
  unlink(b->fifo);
  assert_int_equal(mkfifo(b->fifo, 0600), 0);
  for (int i = 0; i < THREADS; i++)
    vt_await(vt_fs_open(b->fifo, O_WRONLY, 0), seen_k, &b->opened[i]);
}

/* A reader lets them go. */
static void free_pool(struct fixture *f, struct blocked *b) {
  int fd = open(b->fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  assert_true(fixture_run(f));
  for (int i = 0; i < THREADS; i++) {
    assert_status(b->opened[i].result.status, 0);
    close((int)b->opened[i].result.value.i);
  }
  close(fd);
  unlink(b->fifo);
}

static void blocked_opens_leave_all_but_the_pool_going(void **state) {
  struct fixture *f = *state;
  struct blocked blocked;
  struct byte b;
  memset(&blocked, 0, sizeof blocked);
  block_pool(&blocked);
  byte_send(&b);
  assert_true(fixture_run_until(f, &b.seen.count, 1));
  assert_status(run(f, vt_delay(1)).status, 0);
  free_pool(f, &blocked);
  byte_end(f, &b);
}

struct oldest {
  uint64_t age_ms;
  int opens;
};

static void see_age(void *arg, const vt_loop_entry_t *entry) {
  struct oldest *o = arg;
  if (strcmp(entry->kind, "fs_open") != 0 || entry->completed)
    return;
  o->opens++;
  if (entry->age_ms > o->age_ms)
    o->age_ms = entry->age_ms;
}

static void the_walk_tells_how_long_the_pool_has_not_answered(void **state) {
  struct fixture *f = *state;
  struct blocked blocked;
  struct oldest oldest = {0, 0};
  memset(&blocked, 0, sizeof blocked);
  block_pool(&blocked);
  assert_status(run(f, vt_delay(30)).status, 0);
  vt_loop_walk(f->vt, see_age, &oldest);
  free_pool(f, &blocked);
  assert_int_equal(oldest.opens, THREADS);
  assert_in_range(oldest.age_ms, 25, 60000);
}

static void a_fifo_opened_with_o_nonblock_holds_no_thread(void **state) {
  struct fixture *f = *state;
  char fifo[TMP_PATH];
  tmp_file(fifo);
  unlink(fifo);
  assert_int_equal(mkfifo(fifo, 0600), 0);
  for (int i = 0; i < 2 * THREADS; i++) {
    vt_result_t r = run(f, vt_fs_open(fifo, O_RDONLY | O_NONBLOCK, 0));
    assert_status(r.status, 0);
    close((int)r.value.i);
  }
  unlink(fifo);
}

/* ---- H15: a name that was cut, and not ended ---- */

static void a_name_of_any_length_is_never_cut(void **state) {
  struct fixture *f = *state;
  char name[400] = "127.0.0.1";
  for (size_t size = 256; size < sizeof name; size += 3) {
    memset(name, '0', size);
    memcpy(name, "0x7f000001", 10);
    name[size] = '\0';
    assert_true(run(f, vt_getaddrinfo(name, NULL, NULL)).status < 0);
    memset(name, '0', size);
    memcpy(name, "0x", 2);
    memcpy(name + size - 8, "7f000001", 9);
    vt_result_t r = run(f, vt_getaddrinfo(name, NULL, NULL));
    assert_true(r.status < 0 || size < 256);
    vt_freeaddrinfo(r.status == 0 ? r.value.p : NULL);
  }
}

/* ---- H16 ---- */

/* Upstream's d185607a8: libuv, which holds the connection, polls no more. */
static void a_listener_outlives_a_failed_uv_accept(void **state) {
  struct fixture *f = *state;
  vt_listener_t *l = net_listen();
  struct sockaddr_in addr = net_address(l);
  struct seen second = {0};
  int one = net_connect(&addr);
  for (int i = 0; i < 5; i++)
    run(f, vt_yield());
  accept_fails = true;
  accepts_failed = 0;
  assert_true(run(f, vt_listener_accept(l)).status < 0);
  assert_int_equal(accepts_failed, 1);
  vt_await(vt_listener_accept(l), seen_k, &second);
  int two = net_connect(&addr);
  assert_true(fixture_run_until(f, &second.count, 1));
  assert_status(second.result.status, 0);
  assert_status(run(f, vt_stream_close(second.result.value.p)).status, 0);
  assert_status(run(f, vt_listener_close(l)).status, 0);
  close(one);
  close(two);
}

/* Before 73b0c1f94 a thread of the pool has the stack of RLIMIT_STACK. */
static vt_result_t add_one(void *number) {
  vt_result_t r = {0, {.i = *(int *)number + 1}};
  return r;
}

static const char *use_pool(struct fixture *f) {
  int number = 1;
  uv_stat_t stat;
  char byte;
  vt_fs_set_hot(f->vt, false);
  if (run(f, vt_work(add_one, &number)).value.i != 2)
    return "work";
  vt_result_t file = run(f, vt_fs_open("/", O_RDONLY, 0));
  if (file.status != 0 || run(f, vt_fs_close((uv_file)file.value.i)).status)
    return "open or close";
  if (run(f, vt_fs_stat("/", &stat)).status != 0)
    return "stat";
  return run(f, vt_random(&byte, 1, 0)).status == 0 ? NULL : "random";
}

static int live_on_a_small_stack(void) {
  static struct fixture f;
  struct rlimit limit = {.rlim_cur = 128 << 10, .rlim_max = 128 << 10};
  if (setrlimit(RLIMIT_STACK, &limit) != 0 || fixture_open(&f))
    return 1;
  const char *problem = use_pool(&f);
  return problem || fixture_close(&f) ? 2 : 0;
}

static void the_pool_serves_on_a_small_stack(void **state) {
  int status = -1;
  (void)state;
  fflush(NULL);
  pid_t pid = fork();
  if (pid == 0)
    _exit(live_on_a_small_stack());
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(status, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_pool_serves_on_a_small_stack),
      fixture_test(delays_that_are_always_due_let_io_in),
      fixture_test(blocked_opens_leave_all_but_the_pool_going),
      fixture_test(the_walk_tells_how_long_the_pool_has_not_answered),
      fixture_test(a_fifo_opened_with_o_nonblock_holds_no_thread),
      fixture_test(a_name_of_any_length_is_never_cut),
      fixture_test(a_listener_outlives_a_failed_uv_accept),
  };
  setenv("UV_THREADPOOL_SIZE", "4", 1);
  return fixture_main("hazards", tests);
}
