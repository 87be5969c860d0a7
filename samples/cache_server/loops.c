/* SPDX-License-Identifier: MIT */
/* Threads with a loop and a server each.
 *
 * Happy path: each thread makes its loop, its cache, its log and its server and
 * reports; when all have, they run. What one loop wants of another is a flag or
 * a connection in its inbox, and a wake-up: both cannot fail.
 *
 * A loop must not go while another one may still turn to it (server_each). So a
 * thread whose server is over waits, its loop running, until all servers are;
 * only then do the threads end. */
#include "loops.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "handover.h"
#include "server.h"
#include "socket.h"

enum {
  ASKED_STOP = 1,
  ASKED_HURRY = 2,
  ASKED_REOPEN = 4,
  ASKED_END = 8 /* all servers are over */
};

struct loop {
  struct loops *loops;
  size_t index;
  uv_thread_t thread; /* but of the first one */
  uv_loop_t own;      /* the same */
  uv_loop_t *uv;
  vt_loop_t *vt;
  uv_async_t wake;
  _Atomic unsigned asked;
  struct inbox inbox;
  countries_t *countries;
  struct access_log *log;
  struct server server;
  bool serves; /* server is open */
  bool ended;  /* all are over */
  int64_t status;
  char error[192];
};

struct loops {
  struct server_group group;
  const struct options *options;
  const struct sockets *sockets;
  struct server **servers; /* the group's list */
  struct loop *list;
  size_t count;
  size_t started;         /* threads, the first loop included */
  uv_sem_t ready, go;     /* for and by the threads */
  bool called_off;        /* what go says: false to serve */
  bool stopping;          /* loops_stop was called */
  bool over;              /* the other loops end: they are asked no more */
  _Atomic size_t serving; /* servers that are not over */
  size_t turn;            /* whose turn it is for a connection */
};

/* ---- wake-ups ---- */

static void ask(struct loop *l, unsigned what) {
  atomic_fetch_or(&l->asked, what);
  uv_async_send(&l->wake);
}

static void ask_all(struct loops *all, unsigned what) {
  for (size_t i = 0; i < all->count; i++)
    ask(&all->list[i], what);
}

static void wake(struct server_group *group, size_t i) {
  struct loops *all = (struct loops *)(void *)group; /* its first member */
  uv_async_send(&all->list[i].wake);
}

static void close_wake(struct loop *l) {
  if (!uv_is_closing((uv_handle_t *)&l->wake))
    uv_close((uv_handle_t *)&l->wake, NULL);
}

/* The first loop's thread, which is also who asks for the program, is the one
 * to end the others: nobody turns to a loop that is being closed. */
static void end(struct loop *l) {
  struct loops *all = l->loops;
  l->ended = true;
  if (l->index > 0)
    return;
  all->over = true;
  for (size_t i = 1; i < all->count; i++)
    ask(&all->list[i], ASKED_END);
}

static void on_wake(uv_async_t *async) {
  struct loop *l = async->data;
  unsigned asked = atomic_exchange(&l->asked, 0);
  server_catch_up(&l->server);
  inbox_take(&l->inbox, &l->server);
  if ((asked & ASKED_REOPEN) && l->server.log)
    access_log_reopen(l->server.log);
  if (asked & ASKED_STOP)
    server_stop(&l->server);
  if (asked & ASKED_HURRY)
    server_hurry(&l->server);
  if (asked & ASKED_END)
    end(l);
}

/* ---- connections for other loops ---- */

static size_t clients_of(const struct loop *l) {
  return (size_t)server_read(&l->server.counts.connected) +
         inbox_count(&l->inbox);
}

/* The one with the fewest; of equal ones each has its turn. */
static struct loop *choose(struct loops *all) {
  struct loop *best = &all->list[all->turn++ % all->count];
  for (size_t i = 0; i < all->count; i++)
    if (clients_of(&all->list[i]) < clients_of(best))
      best = &all->list[i];
  return best;
}

static void hand_over(struct server *s, vt_stream_t *stream,
                      server_start_fn *start) {
  struct loops *all = (struct loops *)(void *)s->group;
  struct loop *to = choose(all);
  if (&to->server == s)
    start(s, stream);
  else if (inbox_put(&to->inbox, s, stream, start))
    uv_async_send(&to->wake);
}

static void give_client(struct server *s, vt_stream_t *stream) {
  hand_over(s, stream, client_start);
}

static void give_http(struct server *s, vt_stream_t *stream) {
  hand_over(s, stream, http_start);
}

/* ---- one loop ---- */

static int64_t fail(struct loop *l, const char *what, int64_t status) {
  snprintf(l->error, sizeof l->error, "%s: %s", what, vt_strerror(status));
  return status;
}

static server_start_fn *start_of(const struct loop *l,
                                 const struct bound_socket *b) {
  bool gives = l->loops->count > 1 && b->count == 1;
  if (b->use == SOCKET_HTTP)
    return gives ? give_http : http_start;
  return gives ? give_client : client_start;
}

/* Which ports there are, also for a loop that is given its connections. */
static void note_port(struct server *s, const struct bound_socket *b) {
  int *port = b->use == SOCKET_HTTP ? &s->http_port : &s->port;
  if (*port == 0)
    *port = b->port;
}

static int64_t listen_on(struct loop *l, const struct bound_socket *b) {
  vt_listener_t *listener;
  int status;
  note_port(&l->server, b);
  if (b->use == SOCKET_HTTP && !l->server.http) {
    status = http_open(&l->server);
    if (status != 0)
      return fail(l, "HTTP", status);
  }
  if (l->index >= b->count)
    return 0; /* it is given its connections */
  status = socket_listen(b->fds[l->index], b->local, SERVER_BACKLOG, &listener);
  if (status == 0)
    status = server_add(&l->server, listener, start_of(l, b));
  return status == 0 ? 0 : fail(l, b->name, status);
}

static int64_t open_log(struct loop *l) {
  const struct options *o = l->loops->options;
  if (!o->log_path)
    return 0;
  vt_result_t r = vt_loop_run(l->vt, access_log_open(o->log_path, o->log_json));
  if (r.status != 0)
    return fail(l, o->log_path, r.status);
  l->log = r.value.p;
  return 0;
}

static int64_t open_server(struct loop *l) {
  const struct options *o = l->loops->options;
  const struct sockets *sockets = l->loops->sockets;
  int64_t status = countries_open(o->db, &l->countries);
  if (status != 0)
    return fail(l, "at the start", status);
  countries_look_every(l->countries, o->db_look_ms);
  status = open_log(l);
  if (status != 0)
    return status;
  status = server_open(&l->server, &l->loops->group, l->countries, l->log,
                       &o->server);
  if (status != 0)
    return fail(l, "at the start", status);
  l->serves = true;
  for (size_t i = 0; i < sockets->count && status == 0; i++)
    status = listen_on(l, &sockets->list[i]);
  return status;
}

static void close_log(struct loop *l) {
  if (l->log)
    vt_loop_run(l->vt, access_log_close(l->log));
  l->log = NULL;
}

/* What did not come to serve. */
static void abandon(struct loop *l) {
  if (l->serves)
    server_abandon(&l->server);
  l->serves = false;
  close_log(l);
}

static void on_over(void *state, vt_result_t r) {
  struct loop *l = state;
  l->status = r.status;
  if (r.status != 0) { /* connections that it was given wait for nobody */
    fail(l, "a loop", r.status);
    ask_all(l->loops, ASKED_STOP);
  }
  if (atomic_fetch_sub(&l->loops->serving, 1) == 1)
    ask(&l->loops->list[0], ASKED_END);
}

/* Until all servers are over. */
static void serve(struct loop *l) {
  vt_await(server_run(&l->server), on_over, l);
  while (!l->ended) /* a cache that listens to its database goes on */
    uv_run(l->uv, UV_RUN_ONCE);
  l->log = l->server.log; /* NULL after a run that began */
  close_log(l);
}

static void open_wake(struct loop *l) {
  uv_async_init(l->uv, &l->wake, on_wake); /* 0: the loop is there */
  l->wake.data = l;
}

static void close_data(struct loop *l) {
  if (l->serves)
    server_release(&l->server);
  l->serves = false;
  countries_close(l->countries);
  l->countries = NULL;
}

/* ---- threads ---- */

static int64_t open_thread(struct loop *l) {
  int64_t status = uv_loop_init(&l->own);
  if (status != 0)
    return fail(l, "at the start", status);
  l->uv = &l->own;
  status = vt_loop_attach(l->uv, &l->vt);
  if (status != 0) {
    uv_loop_close(&l->own);
    l->uv = NULL;
    return fail(l, "at the start", status);
  }
  vt_loop_set_report(l->vt, vt_report_stderr, NULL);
  open_wake(l);
  return open_server(l);
}

static void close_thread(struct loop *l) {
  if (!l->uv)
    return;
  close_data(l);
  close_wake(l);
  uv_run(l->uv, UV_RUN_DEFAULT);
  vt_loop_detach(l->vt, NULL);
  uv_run(l->uv, UV_RUN_DEFAULT);
  uv_loop_close(l->uv);
}

static void run_thread(void *arg) {
  struct loop *l = arg;
  l->status = open_thread(l);
  uv_sem_post(&l->loops->ready);
  uv_sem_wait(&l->loops->go);
  if (l->loops->called_off)
    abandon(l);
  else
    serve(l);
  close_thread(l);
}

/* ---- all of them ---- */

static void close_inboxes(struct loops *all, size_t count) {
  while (count > 0)
    inbox_close(&all->list[--count].inbox);
}

static int init_inboxes(struct loops *all) {
  for (size_t i = 0; i < all->count; i++) {
    int status = inbox_init(&all->list[i].inbox);
    if (status == 0)
      continue;
    close_inboxes(all, i);
    return status;
  }
  return 0;
}

static int init_locks(struct loops *all) {
  int status = uv_sem_init(&all->ready, 0);
  if (status != 0)
    return status;
  status = uv_sem_init(&all->go, 0);
  if (status != 0)
    goto ready;
  status = server_group_init(&all->group, all->servers, all->count);
  if (status != 0)
    goto go;
  status = init_inboxes(all);
  if (status == 0)
    return 0;
  server_group_close(&all->group);
go:
  uv_sem_destroy(&all->go);
ready:
  uv_sem_destroy(&all->ready);
  return status;
}

static void free_lists(struct loops *all) {
  free(all->servers);
  free(all->list);
  free(all);
}

static int make(const struct options *o, struct loops **out) {
  struct loops *all = calloc(1, sizeof *all);
  if (!all)
    return UV_ENOMEM;
  all->options = o;
  all->count = (size_t)o->loops;
  all->list = calloc(all->count, sizeof *all->list);
  all->servers = calloc(all->count, sizeof(struct server *));
  int status = all->list && all->servers ? init_locks(all) : UV_ENOMEM;
  if (status != 0) {
    free_lists(all);
    return status;
  }
  for (size_t i = 0; i < all->count; i++) {
    all->list[i].loops = all;
    all->list[i].index = i;
    all->servers[i] = &all->list[i].server;
  }
  all->group.wake = all->count > 1 ? wake : NULL;
  *out = all;
  return 0;
}

/* Until all have their servers, or a failure. */
static int64_t start_threads(struct loops *all) {
  int64_t status = 0;
  for (; all->started < all->count && status == 0; all->started++) {
    struct loop *l = &all->list[all->started];
    status = uv_thread_create(&l->thread, run_thread, l);
    if (status != 0) {
      fail(&all->list[0], "at the start", status);
      break;
    }
  }
  for (size_t i = 1; i < all->started; i++)
    uv_sem_wait(&all->ready);
  return status;
}

/* The threads go on: to serve, or to end. */
static void let_go(struct loops *all, bool called_off) {
  all->called_off = called_off;
  for (size_t i = 1; i < all->started; i++)
    uv_sem_post(&all->go);
}

static void join(struct loops *all) {
  for (size_t i = 1; i < all->started; i++)
    uv_thread_join(&all->list[i].thread);
}

/* The first failure. */
static int64_t status_of(const struct loops *all, char *error, size_t size) {
  for (size_t i = 0; i < all->count; i++) {
    if (all->list[i].status == 0)
      continue;
    snprintf(error, size, "%s", all->list[i].error);
    return all->list[i].status;
  }
  return 0;
}

int loops_start(const struct options *o, const struct sockets *sockets,
                struct loops **out, char *error, size_t size) {
  struct loops *all = NULL;
  int64_t status = make(o, &all);
  if (status != 0) {
    snprintf(error, size, "at the start: %s", vt_strerror(status));
    return (int)status;
  }
  struct loop *first = &all->list[0];
  all->sockets = sockets;
  all->started = 1;
  atomic_store(&all->serving, all->count);
  first->vt = vt_loop_current();
  first->uv = vt_loop_uv(first->vt);
  open_wake(first);
  first->status = open_server(first);
  if (first->status == 0)
    first->status = start_threads(all);
  status = status_of(all, error, size);
  if (status == 0) {
    *out = all;
    return 0;
  }
  let_go(all, true);
  abandon(first);
  join(all);
  loops_free(all);
  return (int)status;
}

int loops_run(struct loops *all) {
  char error[192];
  let_go(all, false);
  serve(&all->list[0]);
  join(all);
  int64_t status = status_of(all, error, sizeof error);
  if (status != 0)
    fprintf(stderr, "vt-cache-server: %s\n", error);
  return (int)status;
}

void loops_stop(struct loops *all) {
  if (all->over)
    return;
  ask_all(all, all->stopping ? ASKED_HURRY : ASKED_STOP);
  all->stopping = true;
}

void loops_reopen_logs(struct loops *all) {
  if (!all->over)
    ask_all(all, ASKED_REOPEN);
}

const struct server_group *loops_group(const struct loops *all) {
  return &all->group;
}

void loops_free(struct loops *all) {
  close_data(&all->list[0]);
  close_wake(&all->list[0]);
  uv_run(all->list[0].uv, UV_RUN_DEFAULT); /* what is closing ends */
  close_inboxes(all, all->count);
  server_group_close(&all->group);
  uv_sem_destroy(&all->ready);
  uv_sem_destroy(&all->go);
  free_lists(all);
}
