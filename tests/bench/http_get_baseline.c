/* SPDX-License-Identifier: MIT */
/* vt_bench_bare_http PORT: answers whatever comes on libuv alone: 100 bytes of
 * JSON with the fewest fields, nothing parsed, nothing looked up. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define BODY                                                                   \
  "{\"numeric\":276,\"alpha_2\":\"DE\",\"alpha_3\":\"DEU\",\"name\":"          \
  "\"Germany\",\"of_name\":\"Federal Republic of Germany\"}"

static char input[4096];
static char answer[512];
static size_t answer_size;

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *out) {
  (void)handle;
  (void)size;
  *out = uv_buf_init(input, sizeof input);
}

static void on_closed(uv_handle_t *handle) { free(handle); }

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
  uv_buf_t out = uv_buf_init(answer, (unsigned)answer_size);
  (void)buf;
  if (n < 0 || uv_try_write(stream, &out, 1) != (int)answer_size)
    uv_close((uv_handle_t *)stream, on_closed);
}

static void on_connection(uv_stream_t *server, int status) {
  uv_tcp_t *client = status == 0 ? malloc(sizeof *client) : NULL;
  if (!client)
    return;
  uv_tcp_init(server->loop, client);
  if (uv_accept(server, (uv_stream_t *)client) != 0) {
    uv_close((uv_handle_t *)client, on_closed);
    return;
  }
  uv_tcp_nodelay(client, 1);
  uv_read_start((uv_stream_t *)client, on_alloc, on_read);
}

int main(int argc, char **argv) {
  struct sockaddr_in address;
  uv_tcp_t server;
  uv_loop_t *loop = uv_default_loop();
  if (argc != 2)
    return 2;
  answer_size = (size_t)snprintf(answer, sizeof answer,
                                 "HTTP/1.1 200 OK\r\n"
                                 "Content-Type: application/json\r\n"
                                 "Content-Length: %zu\r\n\r\n" BODY,
                                 strlen(BODY));
  uv_tcp_init(loop, &server);
  uv_ip4_addr("127.0.0.1", atoi(argv[1]), &address);
  int status = uv_tcp_bind(&server, (struct sockaddr *)&address, 0);
  if (status == 0)
    status = uv_listen((uv_stream_t *)&server, 511, on_connection);
  return status == 0 ? uv_run(loop, UV_RUN_DEFAULT) : 1;
}
