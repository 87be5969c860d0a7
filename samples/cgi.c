/* SPDX-License-Identifier: MIT */
/* Shows: a server whose answers are a program's: each connection is the input
 * and the output of a new one. It ends on SIGINT, with the programs that run.
 *
 * Usage: cgi PORT PROGRAM ARG...    (on 127.0.0.1; 0: a free port)
 * Try:   build/release/samples/cgi 7000 rev & nc -N 127.0.0.1 7000 <<<hello
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <vt.h>

struct client {
  vt_frame_t vt;
  vt_stream_t *stream;
  char **command;
  vt_process_t *process;
};

static int start_program(struct client *f) {
  uv_stdio_container_t stdio[3] = {
      {.flags = UV_INHERIT_STREAM, .data.stream = vt_stream_uv(f->stream)},
      {.flags = UV_INHERIT_STREAM, .data.stream = vt_stream_uv(f->stream)},
      {.flags = UV_INHERIT_FD, .data.fd = 2}};
  const uv_process_options_t options = {.file = f->command[0],
                                        .args = f->command,
                                        .stdio = stdio,
                                        .stdio_count = 3};
  return vt_spawn(&options, &f->process);
}

static vt_t end_program(struct client *f) {
  if (!f->process)
    return vt_done();
  vt_process_kill(f->process, SIGTERM); /* UV_ESRCH: it has ended */
  return vt_process_close(f->process);
}

static vt_t client_body(void *frame) {
  struct client *f = frame;
  VT_BEGIN(f);
  int rc = start_program(f);
  if (rc != 0)
    fprintf(stderr, "cgi: %s: %s\n", f->command[0], vt_strerror(rc));
  else
    VT_TRY(f, vt_process_wait(f->process));
  VT_FINALLY(f);
  VT_TRY(f, end_program(f));
  VT_TRY(f, vt_stream_close(f->stream));
  VT_END(f);
}

struct server {
  vt_frame_t vt;
  vt_listener_t *listener;
  vt_scope_t *scope; /* of the clients */
  char **command;
};

static vt_t serve_body(void *frame) {
  struct server *f = frame;
  vt_value_t v;
  VT_BEGIN(f);
  for (;;) {
    VT_TRY_VALUE(f, v, vt_listener_accept(f->listener));
    struct client c = {.stream = v.p, .command = f->command};
    if (vt_scope_start(f->scope, &c, sizeof c, client_body) != 0)
      vt_forget(vt_stream_close(v.p));
  }
  VT_FINALLY(f); /* also when the signal has won */
  vt_scope_cancel(f->scope, UV_ECANCELED);
  VT_TRY(f, vt_listener_close(f->listener));
  VT_END(f);
}

static int listen_on(int port, vt_listener_t **out) {
  struct sockaddr_in addr;
  int size = sizeof addr;
  int rc = uv_ip4_addr("127.0.0.1", port, &addr);
  if (rc == 0)
    rc = vt_tcp_listen((struct sockaddr *)&addr, 128, out);
  if (rc == 0)
    rc = uv_tcp_getsockname((uv_tcp_t *)vt_listener_uv(*out),
                            (struct sockaddr *)&addr, &size);
  if (rc == 0)
    printf("listening on 127.0.0.1:%d\n", ntohs(addr.sin_port));
  fflush(stdout);
  return rc;
}

static int64_t run(vt_loop_t *loop, int port, char **command) {
  struct server f = {.command = command};
  int64_t status = listen_on(port, &f.listener);
  if (status == 0)
    status = vt_scope_new(NULL, &f.scope);
  if (status != 0)
    return status;
  vt_t served = VT_RACE(0, vt_signal_once(SIGINT), vt_start(&f, serve_body));
  status = vt_loop_run(loop, served).status;
  vt_result_t r = vt_loop_run(loop, vt_scope_join(f.scope));
  uv_run(vt_loop_uv(loop), UV_RUN_DEFAULT); /* what is closing ends */
  return status == 0 && r.status != UV_ECANCELED ? r.status : status;
}

int main(int argc, char **argv) {
  uv_loop_t *uv = uv_default_loop();
  vt_loop_t *loop = NULL;
  if (argc < 3) {
    fprintf(stderr, "usage: cgi PORT PROGRAM ARG...\n");
    return 2;
  }
  if (vt_loop_attach(uv, &loop) != 0)
    return 1;
  vt_loop_set_report(loop, vt_report_stderr, NULL);
  int64_t status = run(loop, atoi(argv[1]), argv + 2);
  if (status != 0)
    fprintf(stderr, "cgi: %s\n", vt_strerror(status));
  if (vt_loop_detach(loop, NULL) == 0)
    uv_run(uv, UV_RUN_DEFAULT);
  return uv_loop_close(uv) == 0 && status == 0 ? 0 : 1;
}
