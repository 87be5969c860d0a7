/* SPDX-License-Identifier: MIT */
/* vt-cache-server: the countries of ISO 3166, from SQLite or PostgreSQL, over
 * the Redis protocol and HTTP. Shows a server of async functions: a connection
 * is one, and a command that finds the data in memory never waits.
 *
 *     vt-cache-server --db c.db --import samples/countries/iso_3166-1.csv &
 *     redis-cli -p 7379 GET country:276
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "activation.h"
#include "countries/country_store.h"
#include "loops.h"
#include "options.h"
#include "sockets.h"

extern char **environ;

/* Descriptors for all that is no client's, and more of them for each loop. */
#define OWN_FILES 64
#define LOOP_FILES 32

struct program {
  struct options options;
  struct auth *auth; /* NULL: everybody is let in */
  struct sockets sockets;
  struct loops *loops;
  uv_loop_t uv;
  vt_loop_t *loop;
  uv_signal_t signals[3];
  size_t signal_count;
};

static int complain(const char *text) {
  fprintf(stderr, "vt-cache-server: %s\n", text);
  return 1;
}

static int complain_of(const char *what, int64_t status) {
  fprintf(stderr, "vt-cache-server: %s: %s\n", what, vt_strerror(status));
  return 1;
}

/* ---- before the loop ---- */

/* As many descriptors as the clients may need, if they can be had: usually the
 * soft limit is far below the hard one. */
static void raise_file_limit(const struct options *o) {
  struct rlimit limit;
  rlim_t wanted =
      (rlim_t)(o->server.clients_max + OWN_FILES + LOOP_FILES * o->loops);
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
    return;
  limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

static int read_password(struct program *p) {
  const char *path = p->options.password_path;
  int status = path ? auth_read(path, &p->auth) : 0;
  p->options.server.auth = p->auth;
  return status == 0 ? 0 : complain_of(path, status);
}

static int prepare_data(const struct options *o) {
  char error[COUNTRY_ERROR_SIZE];
  if (country_store_prepare(o->db, o->csv_path, error, sizeof error) != 0)
    return complain(error);
  return 0;
}

/* ---- signals ---- */

static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};

/* On this thread, and on those that it creates. */
static void hold_signals(bool hold) {
  sigset_t set;
  sigemptyset(&set);
  for (size_t i = 0; i < 3; i++)
    sigaddset(&set, numbers[i]);
  pthread_sigmask(hold ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
}

static void do_nothing(uv_work_t *work) { (void)work; }

/* The threads of libuv's pool stay until the process ends, when signals are
 * watched no more: they are not to get any. */
static void start_pool(void) {
  uv_loop_t loop;
  uv_work_t work;
  if (uv_loop_init(&loop) != 0)
    return;
  hold_signals(true);
  uv_queue_work(&loop, &work, do_nothing, NULL);
  hold_signals(false);
  uv_run(&loop, UV_RUN_DEFAULT);
  uv_loop_close(&loop);
}

static void on_end(uv_signal_t *handle, int number) {
  struct program *p = handle->data;
  (void)number;
  activation_notify("STOPPING=1");
  loops_stop(p->loops);
}

static void on_hangup(uv_signal_t *handle, int number) {
  struct program *p = handle->data;
  (void)number;
  loops_reopen_logs(p->loops);
}

/* They do not keep the loop going. */
static int watch_signals(struct program *p) {
  int status = 0;
  while (status == 0 && p->signal_count < 3) {
    size_t i = p->signal_count;
    status = uv_signal_init(&p->uv, &p->signals[i]);
    if (status != 0)
      break;
    p->signal_count++;
    p->signals[i].data = p;
    uv_unref((uv_handle_t *)&p->signals[i]);
    status =
        uv_signal_start(&p->signals[i], i < 2 ? on_end : on_hangup, numbers[i]);
  }
  return status;
}

/* One more signal must not make a failure of a good end: libuv restores what
 * it does, which is to kill. */
static void leave_signals(struct program *p) {
  hold_signals(true);
  for (size_t i = 0; i < p->signal_count; i++) {
    uv_close((uv_handle_t *)&p->signals[i], NULL);
    signal(numbers[i], SIG_IGN);
  }
}

/* ---- with the loop ---- */

static void say_ready(const struct sockets *s) {
  for (size_t i = 0; i < s->count; i++)
    printf("vt-cache-server: %s on %s\n",
           s->list[i].use == SOCKET_HTTP ? "http" : "listening",
           s->list[i].name);
  fflush(stdout);
  if (activation_notify("READY=1") != 0)
    complain("the manager at NOTIFY_SOCKET cannot be told");
}

static int serve(struct program *p) {
  char error[512];
  if (sockets_open(&p->options, &p->sockets, error, sizeof error) != 0)
    return complain(error);
  if (loops_start(&p->options, &p->sockets, &p->loops, error, sizeof error) !=
      0) {
    sockets_close(&p->sockets);
    return complain(error);
  }
  sockets_let_go(&p->sockets);
  int watched = watch_signals(p);
  if (watched == 0)
    say_ready(&p->sockets);
  else
    loops_stop(p->loops); /* who could not be stopped does not begin */
  int status = loops_run(p->loops);
  leave_signals(p);
  loops_free(p->loops);
  sockets_close(&p->sockets);
  if (watched != 0)
    complain_of("signals", watched);
  return status == 0 && watched == 0 ? 0 : 1;
}

static int run(struct program *p) {
  int status = uv_loop_init(&p->uv);
  if (status != 0)
    return complain_of("at the start", status);
  status = vt_loop_attach(&p->uv, &p->loop);
  if (status != 0) {
    uv_loop_close(&p->uv);
    return complain_of("at the start", status);
  }
  vt_loop_set_report(p->loop, vt_report_stderr, NULL);
  vt_loop_reserve(p->loop); /* without it, too, it serves */
  int result = serve(p);
  uv_run(&p->uv, UV_RUN_DEFAULT); /* what is closing ends */
  vt_loop_detach(p->loop, NULL);
  uv_run(&p->uv, UV_RUN_DEFAULT);
  uv_loop_close(&p->uv);
  return result;
}

/* The C library keeps what is freed once it has seen larger blocks freed; a
 * client's large buffer is to be the system's again, as the bound on the memory
 * of all clients is one on the process. */
static void return_memory(void) {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 128 * 1024);
#endif
}

int main(int argc, char **argv) {
  struct program p;
  char error[512];
  memset(&p, 0, sizeof p);
  if (options_read(argc, argv, environ, &p.options, error, sizeof error) != 0)
    return complain(error);
  if (p.options.help) {
    options_print_usage(stdout);
    return 0;
  }
  return_memory();
  raise_file_limit(&p.options);
  start_pool();
  bool ready = read_password(&p) == 0 && prepare_data(&p.options) == 0;
  int status = ready ? run(&p) : 1;
  auth_free(p.auth);
  options_free(&p.options);
  return status;
}
