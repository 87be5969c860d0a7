/* SPDX-License-Identifier: MIT */
/* Shows: an echo server of async functions: one accepts, one serves each
 * client, all in a scope, whose cancel is how the server ends.
 *
 * Usage: echo_server [PORT]    (on 127.0.0.1; default 7000, 0: a free one)
 * Try:   build/release/samples/echo_server & nc 127.0.0.1 7000 <<<hello
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <vt.h>

struct client_frame {
  vt_frame_t vt;
  vt_stream_t *stream;
  char buffer[4096];
};

static vt_t client_body(void *frame) {
  struct client_frame *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  for (;;) {
    VT_AWAIT(f, r, vt_stream_read(f->stream, f->buffer, sizeof f->buffer));
    if (r.status != 0)
      break; /* the end, most of the time */
    VT_AWAIT(f, r, vt_stream_write(f->stream, f->buffer, r.value.u));
    if (r.status != 0)
      break;
  }
  VT_FINALLY(f);
  VT_TRY(f, vt_stream_close(f->stream));
  VT_END(f);
}

struct server_frame {
  vt_frame_t vt;
  vt_listener_t *listener;
  vt_scope_t *scope;
};

static vt_t server_body(void *frame) {
  struct server_frame *f = frame;
  vt_value_t v;
  VT_BEGIN(f);
  for (;;) {
    VT_TRY_VALUE(f, v, vt_listener_accept(f->listener));
    struct client_frame c = {.stream = v.p};
    int rc = vt_scope_start(f->scope, &c, sizeof c, client_body);
    if (rc != 0)
      vt_forget(vt_stream_close(v.p));
  }
  VT_FINALLY(f);
  VT_TRY(f, vt_listener_close(f->listener));
  VT_END(f);
}

/* ---- begin and end ---- */

static void on_interrupt(uv_signal_t *handle, int number) {
  (void)number;
  vt_scope_cancel(handle->data, UV_ECANCELED);
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

/* Serves until the scope is cancelled; the reason for which it was. */
static int64_t serve(vt_loop_t *vt, vt_scope_t *scope, int port) {
  struct server_frame f = {.scope = scope};
  int rc = listen_on(port, &f.listener);
  if (rc == 0) {
    rc = vt_scope_start(scope, &f, sizeof f, server_body);
    if (rc != 0)
      vt_forget(vt_listener_close(f.listener));
  }
  int64_t status = vt_loop_run(vt, vt_scope_join(scope)).status;
  return rc != 0 ? rc : status;
}

static int64_t run(uv_loop_t *uv, vt_loop_t *vt, int port) {
  uv_signal_t interrupt;
  vt_scope_t *scope;
  int64_t status = vt_scope_new(NULL, &scope);
  if (status != 0)
    return status;
  uv_signal_init(uv, &interrupt);
  interrupt.data = scope;
  uv_signal_start(&interrupt, on_interrupt, SIGINT);
  status = serve(vt, scope, port);
  vt_loop_run(vt, vt_close((uv_handle_t *)&interrupt));
  return status == UV_ECANCELED ? 0 : status;
}

int main(int argc, char **argv) {
  uv_loop_t uv;
  vt_loop_t *vt;
  int port = argc > 1 ? atoi(argv[1]) : 7000;
  if (port < 0 || port > 65535) {
    fprintf(stderr, "usage: echo_server [PORT]\n");
    return 2;
  }
  if (uv_loop_init(&uv) != 0 || vt_loop_attach(&uv, &vt) != 0)
    return 1;
  vt_loop_set_report(vt, vt_report_stderr, NULL);
  int64_t status = run(&uv, vt, port);
  if (status != 0)
    fprintf(stderr, "echo_server: %s\n", vt_strerror(status));
  if (vt_loop_detach(vt, NULL) == 0)
    uv_run(&uv, UV_RUN_DEFAULT);
  return uv_loop_close(&uv) == 0 && status == 0 ? 0 : 1;
}
