/* SPDX-License-Identifier: MIT */
/* Shows: an echo server of several processes. One accepts and hands each
 * connection on to the next of its workers, through a pipe; they are this
 * program again, and end when that pipe does. SIGINT ends it all.
 *
 * Usage: multi_echo_server WORKERS [PORT]   (default 7000, 0: a free one)
 * Try:   build/release/samples/multi_echo_server 2 & nc 127.0.0.1 7000 <<<hello
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <vt.h>

enum { WORKERS = 16 };

/* ---- a worker ---- */

struct client {
  vt_frame_t vt;
  vt_stream_t *stream;
  char buffer[512];
};

static vt_t client_body(void *frame) {
  struct client *f = frame;
  vt_value_t v;
  VT_BEGIN(f);
  for (;;) {
    VT_TRY_VALUE(f, v, vt_stream_read(f->stream, f->buffer, sizeof f->buffer));
    VT_TRY(f, vt_stream_write(f->stream, f->buffer, v.u));
  }
  VT_FINALLY(f);
  VT_TRY(f, vt_stream_close(f->stream));
  VT_END(f);
}

struct worker {
  vt_frame_t vt;
  vt_stream_t *queue;
  vt_scope_t *scope; /* of its clients */
  char byte;         /* one comes with each connection */
};

static vt_t worker_body(void *frame) {
  struct worker *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  for (;;) {
    struct client c = {.stream = NULL};
    VT_TRY(f, vt_stream_read(f->queue, &f->byte, 1));
    if (vt_stream_accept(f->queue, &c.stream) != 0)
      continue; /* the client has gone */
    if (vt_scope_start(f->scope, &c, sizeof c, client_body) != 0)
      vt_forget(vt_stream_close(c.stream));
  }
  VT_FINALLY(f);
  vt_scope_cancel(f->scope, UV_ECANCELED);
  VT_AWAIT(f, r, vt_scope_join(f->scope));
  (void)r; /* the cancel */
  VT_TRY(f, vt_stream_close(f->queue));
  VT_END(f);
}

static int64_t work(vt_loop_t *loop) {
  struct worker f = {.byte = 0};
  int64_t status = vt_pipe_open(0, true, &f.queue);
  if (status == 0)
    status = vt_scope_new(NULL, &f.scope);
  if (status == 0)
    status =
        vt_loop_run(loop, vt_start_boxed(&f, sizeof f, worker_body)).status;
  return status == UV_EOF ? 0 : status;
}

/* ---- the server ---- */

struct server {
  vt_listener_t *listener;
  struct {
    vt_process_t *process;
    vt_stream_t *queue;
  } workers[WORKERS];
  size_t count, next;
};

struct hand_on {
  vt_frame_t vt;
  struct server *server;
  vt_stream_t *stream; /* the connection */
};

static vt_t hand_on_body(void *frame) {
  struct hand_on *f = frame;
  vt_value_t v;
  VT_BEGIN(f);
  for (;;) {
    VT_TRY_VALUE(f, v, vt_listener_accept(f->server->listener));
    f->stream = v.p;
    size_t i = f->server->next++ % f->server->count;
    VT_TRY(f, vt_stream_write_handle(f->server->workers[i].queue, "a", 1,
                                     (uv_handle_t *)vt_stream_uv(f->stream)));
    VT_TRY(f, vt_stream_close(f->stream));
    f->stream = NULL;
  }
  VT_FINALLY(f);
  if (f->stream)
    VT_TRY(f, vt_stream_close(f->stream));
  VT_END(f);
}

static int add_worker(struct server *s, char *program) {
  char *args[] = {program, NULL};
  uv_os_sock_t ends[2];
  int rc = uv_socketpair(SOCK_STREAM, 0, ends, 0, 0);
  if (rc != 0)
    return rc;
  uv_stdio_container_t stdio[3] = {{.flags = UV_INHERIT_FD, .data.fd = ends[1]},
                                   {.flags = UV_IGNORE},
                                   {.flags = UV_INHERIT_FD, .data.fd = 2}};
  uv_process_options_t options = {
      .file = program, .args = args, .stdio = stdio, .stdio_count = 3};
  rc = vt_pipe_open(ends[0], true, &s->workers[s->count].queue);
  if (rc != 0)
    close(ends[0]);
  else if ((rc = vt_spawn(&options, &s->workers[s->count].process)) != 0)
    vt_forget(vt_stream_close(s->workers[s->count].queue));
  else
    s->count++;
  close(ends[1]);
  return rc;
}

static int listen_on(int port, vt_listener_t **out) {
  struct sockaddr_in addr;
  int size = sizeof addr;
  int rc = uv_ip4_addr("127.0.0.1", port, &addr);
  if (rc == 0)
    rc = vt_tcp_listen((struct sockaddr *)&addr, 128, out);
  if (rc != 0)
    return rc;
  uv_tcp_getsockname((uv_tcp_t *)vt_listener_uv(*out), (struct sockaddr *)&addr,
                     &size);
  printf("listening on 127.0.0.1:%d\n", ntohs(addr.sin_port));
  fflush(stdout);
  return 0;
}

static int64_t serve(vt_loop_t *loop, char *program, size_t workers, int port) {
  struct server s = {.count = 0};
  struct hand_on f = {.server = &s};
  int64_t status = 0;
  while (s.count < workers && status == 0)
    status = add_worker(&s, program);
  if (status == 0)
    status = listen_on(port, &s.listener);
  if (status == 0)
    status = vt_loop_run(loop, VT_RACE(0, vt_signal_once(SIGINT),
                                       vt_start(&f, hand_on_body)))
                 .status;
  if (s.listener)
    vt_loop_run(loop, vt_listener_close(s.listener));
  for (size_t i = 0; i < s.count; i++) {
    vt_loop_run(loop, vt_stream_close(s.workers[i].queue));
    vt_loop_run(loop, vt_process_close(s.workers[i].process));
  }
  return status;
}

int main(int argc, char **argv) {
  vt_loop_t *loop = NULL;
  char program[4096];
  size_t size = sizeof program;
  int workers = argc > 1 ? atoi(argv[1]) : 0; /* 0: it is a worker */
  int port = argc > 2 ? atoi(argv[2]) : 7000;
  if (argc > 3 || workers < 0 || workers > WORKERS || port < 0 ||
      port > 65535) {
    fprintf(stderr, "usage: multi_echo_server WORKERS [PORT]\n");
    return 2;
  }
  if (uv_exepath(program, &size) != 0 ||
      vt_loop_attach(uv_default_loop(), &loop) != 0)
    return 1;
  vt_loop_set_report(loop, vt_report_stderr, NULL);
  int64_t status =
      workers > 0 ? serve(loop, program, (size_t)workers, port) : work(loop);
  if (status != 0)
    fprintf(stderr, "multi_echo_server: %s\n", vt_strerror(status));
  uv_run(uv_default_loop(), UV_RUN_DEFAULT); /* what is closing */
  if (vt_loop_detach(loop, NULL) != 0)
    return 1;
  uv_run(uv_default_loop(), UV_RUN_DEFAULT);
  return uv_loop_close(uv_default_loop()) == 0 && status == 0 ? 0 : 1;
}
