/* SPDX-License-Identifier: MIT */
/* Each allocation of libuv's own fails once, and from there on: what is begun
 * is refused or works, and the process lives. libuv aborts where it cannot tell
 * (H12: its table of descriptors, which vt_loop_reserve makes long enough), so
 * each run is a process of its own. */
#include "support/fixture.h"
#include "support/net.h"
#include "support/scenario.h"
#include "support/tmp.h"
#include "support/watched.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- libuv's allocator, which the pool's threads call too ---- */

static atomic_ullong calls, refuse_at, hits;
static atomic_bool refuse_on; /* and all that follow */

static bool is_refused(void) {
  unsigned long long call = atomic_fetch_add(&calls, 1) + 1;
  unsigned long long at = atomic_load(&refuse_at);
  if (at == 0 || call < at || (call > at && !atomic_load(&refuse_on)))
    return false;
  atomic_fetch_add(&hits, 1);
  return true;
}

static void *uv_malloc(size_t size) {
  return is_refused() ? NULL : malloc(size);
}

static void *uv_calloc(size_t count, size_t size) {
  return is_refused() ? NULL : calloc(count, size);
}

static void *uv_realloc(void *block, size_t size) {
  return is_refused() ? NULL : realloc(block, size);
}

static void arm(unsigned long long n, bool on) {
  calls = 0;
  hits = 0;
  refuse_on = on;
  refuse_at = n;
}

/* ---- a run in a process of its own ---- */

enum ending { REFUSED_SOME, REFUSED_NONE, WRONG };

/* Numbers that no table of a small loop reaches. */
static void raise_descriptors(void) {
  enum { HIGH = 600 };
  int fd;
  do
    fd = fcntl(0, F_DUPFD_CLOEXEC, 0);
  while (fd >= 0 && fd < HIGH);
}

/* What a close ends is cancelled. */
static bool is_told(int64_t status) {
  return run_is_clear(status) || status == UV_ECANCELED;
}

static enum ending live(run_body_fn *body, unsigned long long n, bool on) {
  static struct run r;
  r.problem = fixture_open(&r.f);
  if (r.problem || vt_loop_reserve(r.f.vt) != 0)
    return WRONG;
  fixture_turn(&r.f);
  raise_descriptors();
  arm(n, on);
  body(&r);
  if (!fixture_run(&r.f))
    run_tell(&r, "the loop did not end");
  bool refused = hits > 0;
  arm(0, false);
  for (int i = 0; i < r.owed; i++)
    if (r.seen[i].count != 1 || !is_told(r.seen[i].result.status))
      run_tell(&r, vt_err_name(r.seen[i].result.status));
  while (fixture_take_report(&r.f, VT_REPORT_FORGOTTEN)) {
  }
  const char *left = fixture_close(&r.f);
  if (r.problem || left)
    fprintf(stderr, "%s\n", r.problem ? r.problem : left);
  return r.problem || left ? WRONG : refused ? REFUSED_SOME : REFUSED_NONE;
}

/* How the process ended: an enum ending, or minus a signal's number. */
static int run_apart(run_body_fn *body, unsigned long long n, bool on) {
  int status;
  fflush(NULL);
  pid_t pid = fork();
  if (pid == 0) {
    signal(SIGSEGV, SIG_DFL); /* cmocka's own would go on with the cases */
    _exit((int)live(body, n, on));
  }
  if (pid < 0 || waitpid(pid, &status, 0) != pid)
    return WRONG;
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void walk(run_body_fn *body, unsigned long long least) {
  for (int on = 0; on < 2; on++) {
    unsigned long long n = 1;
    int ending;
    while ((ending = run_apart(body, n, on)) == REFUSED_SOME)
      n++;
    if (ending != REFUSED_NONE)
      fail_msg("allocation %llu%s of libuv: %d", n, on ? " and on" : "",
               ending);
    assert_true(n > least); /* else nothing was walked */
  }
}

/* ---- what is run ---- */

static vt_result_t run_it(struct run *r, vt_t v) {
  vt_result_t result = vt_loop_run(r->f.vt, v);
  if (!run_is_clear(result.status))
    run_tell(r, vt_err_name(result.status));
  return result;
}

/* Large and small writes, which the other side reads, or the close ends. */
static void talk(struct run *r, vt_stream_t *near, vt_stream_t *far) {
  static char text[1 << 20], back[1 << 20];
  uv_buf_t parts[8];
  for (int i = 0; i < 8; i++)
    parts[i] = uv_buf_init(text + i * 1000, 1000);
  vt_t large = vt_stream_write(near, text, sizeof text);
  bool comes = vt_status(large) != UV_ENOMEM;
  run_await(r, large);
  run_await(r, vt_stream_writev(near, parts, 8));
  if (comes)
    run_it(r, vt_stream_read_exact(far, back, sizeof back));
  run_await(r, vt_stream_shutdown(near));
}

static void streams(struct run *r) {
  vt_listener_t *l = net_listen();
  struct sockaddr_in addr;
  if (!l)
    return;
  addr = net_address(l);
  vt_t accepted = vt_listener_accept(l);
  vt_stream_t *near =
      run_it(r, vt_tcp_connect((struct sockaddr *)&addr)).value.p;
  vt_stream_t *far = near ? run_it(r, accepted).value.p : NULL;
  if (!near)
    vt_forget(accepted);
  if (near && far)
    talk(r, near, far);
  if (near)
    run_await(r, vt_stream_close(near));
  if (far)
    run_await(r, vt_stream_close(far));
  run_await(r, vt_listener_close(l));
}

static void datagrams(struct run *r) {
  struct sockaddr_in addr;
  int size = sizeof addr;
  vt_udp_t *udp;
  char byte;
  uv_ip4_addr("127.0.0.1", 0, &addr);
  if (vt_udp_new(AF_INET, &udp) != 0)
    return;
  if (uv_udp_bind(vt_udp_uv(udp), (struct sockaddr *)&addr, 0) == 0 &&
      uv_udp_getsockname(vt_udp_uv(udp), (struct sockaddr *)&addr, &size) ==
          0) {
    run_it(r, vt_udp_send(udp, "x", 1, (struct sockaddr *)&addr));
    run_it(r, vt_udp_receive(udp, &byte, 1, NULL));
  }
  run_await(r, vt_udp_close(udp));
}

static void read_file(struct run *r, const char *path) {
  static char bytes[64];
  uv_buf_t parts[8];
  for (int i = 0; i < 8; i++)
    parts[i] = uv_buf_init(bytes + i * 8, 8);
  vt_result_t file = run_it(r, vt_fs_open(path, UV_FS_O_RDONLY, 0));
  if (file.status != 0)
    return;
  run_it(r, vt_fs_read((uv_file)file.value.i, bytes, sizeof bytes, 0));
  run_it(r, vt_fs_readv((uv_file)file.value.i, parts, 8, 0));
  run_it(r, vt_fs_close((uv_file)file.value.i));
}

static void list_folder(struct run *r) {
  const uv_dirent_t *entries;
  vt_result_t list = run_it(r, vt_fs_scandir("race", 0));
  if (list.status == 0)
    vt_dirents_free(list.value.p);
  vt_result_t dir = run_it(r, vt_fs_opendir("race"));
  if (dir.status != 0)
    return;
  run_it(r, vt_fs_readdir(dir.value.p, &entries));
  while (run_it(r, vt_fs_closedir(dir.value.p)).status != 0)
    arm(0, false); /* a refusal leaves the folder open */
}

static void files(struct run *r) {
  char name[TMP_PATH], made[TMP_PATH];
  uv_stat_t stat;
  vt_fs_set_hot(r->f.vt, false);
  read_file(r, "CMakeLists.txt");
  run_it(r, vt_fs_stat("CMakeLists.txt", &stat));
  run_it(r, vt_fs_realpath(".", made, sizeof made));
  list_folder(r);
  snprintf(name, sizeof name, "%s/vt-XXXXXX", tmp_folder());
  vt_result_t file = run_it(r, vt_fs_mkstemp(name, made, sizeof made));
  if (file.status != 0)
    return;
  close((int)file.value.i);
  unlink(made);
}

static void names(struct run *r) {
  static vt_nameinfo_t out;
  struct sockaddr_in addr;
  uv_ip4_addr("127.0.0.1", 7, &addr);
  vt_result_t list = run_it(r, vt_getaddrinfo("localhost", "7", NULL));
  if (list.status == 0)
    vt_freeaddrinfo(list.value.p);
  run_it(r, vt_getnameinfo((struct sockaddr *)&addr, NI_NUMERICSERV, &out));
}

/* Events, processes among them. Not uv_fs_poll_t, whose timer aborts where it
 * has no memory for the path (<vt/fs_poll.h>). */
static void objects(struct run *r) {
  for (size_t i = 0; i < watched_count; i++) {
    struct watched w;
    if (strcmp(watched_kinds[i].name, "fs_poll") == 0)
      continue;
    if (watched_open(&w, &watched_kinds[i], false) == 0) {
      vt_forget(w.kind->wait(&w));
      w.kind->trigger(&w);
      fixture_turn(&r->f);
      run_await(r, w.kind->close(&w));
      fixture_run(&r->f);
    }
    watched_clean(&w);
  }
}

/* ---- the cases ---- */

static void streams_live(void **state) {
  (void)state;
  walk(streams, 0);
}

static void datagrams_live(void **state) {
  (void)state;
  walk(datagrams, 0);
}

static void files_live(void **state) {
  (void)state;
  walk(files, 4);
}

static void names_live(void **state) {
  (void)state;
  walk(names, 1);
}

static void objects_live(void **state) {
  (void)state;
  walk(objects, 1);
}

static void set_limit(rlim_t most) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = most;
  setrlimit(RLIMIT_NOFILE, &limit);
}

/* What libuv does where nobody made its table long enough; and so what the
 * cases above would find. */
static void a_limit_raised_after_it_is_not_covered(void **state) {
  struct rlimit limit;
  (void)state;
  if (uv_version() >= 0x013300)
    skip(); /* not said of later ones */
  getrlimit(RLIMIT_NOFILE, &limit);
  pid_t pid = fork();
  if (pid == 0) {
    static struct fixture f;
    int fds[2];
    vt_poll_t *poll;
    set_limit(32);
    if (fixture_open(&f) || vt_loop_reserve(f.vt) != 0 ||
        socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0)
      _exit(WRONG);
    set_limit(limit.rlim_cur);
    raise_descriptors();
    if (vt_poll_new(dup(fds[0]), &poll) != 0)
      _exit(WRONG);
    arm(1, true);
    vt_forget(vt_poll_wait(poll, UV_READABLE));
    _exit(REFUSED_NONE);
  }
  int status = 0;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true(WIFSIGNALED(status));
  assert_int_equal(WTERMSIG(status), SIGABRT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(streams_live),
      cmocka_unit_test(datagrams_live),
      cmocka_unit_test(files_live),
      cmocka_unit_test(names_live),
      cmocka_unit_test(objects_live),
      cmocka_unit_test(a_limit_raised_after_it_is_not_covered),
  };
  if (uv_replace_allocator(uv_malloc, uv_realloc, uv_calloc, free) != 0)
    return 1;
  return fixture_main("fault_uv", tests);
}
