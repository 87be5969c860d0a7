/* SPDX-License-Identifier: MIT */
/* A server in the background, on a free loopback port. */
#include "server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "child.h"

#define KEY "country:276"
#define READY_MS 10000u

static struct sockaddr_in loopback(unsigned port) {
  struct sockaddr_in addr = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port)};
  addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return addr;
}

/* A port that is free now. */
static unsigned free_port(void) {
  struct sockaddr_in addr = loopback(0);
  socklen_t size = sizeof addr;
  unsigned port = 0;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return 0;
  if (bind(fd, (struct sockaddr *)&addr, sizeof addr) == 0 &&
      getsockname(fd, (struct sockaddr *)&addr, &size) == 0)
    port = ntohs(addr.sin_port);
  close(fd);
  return port;
}

/* A connection to the server, which may still be starting. */
static int connect_ready(unsigned port) {
  struct sockaddr_in addr = loopback(port);
  const struct timespec ms10 = {0, 10000000};
  for (unsigned waited = 0; waited < READY_MS; waited += 10) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
      return -1;
    if (connect(fd, (struct sockaddr *)&addr, sizeof addr) == 0)
      return fd;
    close(fd);
    nanosleep(&ms10, NULL);
  }
  return -1;
}

/* Sends one inline command; 0 when the answer begins with expected. */
static int ask(unsigned port, const char *command, const char *expected) {
  char answer[1024];
  size_t size = 0, length = strlen(expected);
  int fd = connect_ready(port);
  if (fd < 0)
    return -1;
  if (send(fd, command, strlen(command), 0) != (ssize_t)strlen(command))
    size = sizeof answer;
  while (size < length) {
    ssize_t n = recv(fd, answer + size, sizeof answer - size, 0);
    if (n <= 0)
      break;
    size += (size_t)n;
  }
  close(fd);
  if (size < length || size >= sizeof answer)
    return -1;
  return memcmp(answer, expected, length) == 0 ? 0 : -1;
}

static int start(struct server *s, const char *const *argv, const char *first,
                 const char *expected) {
  int rc = child_start(argv, &s->pid);
  if (rc != 0)
    return rc;
  rc = ask(s->port, first, expected);
  if (rc != 0)
    child_stop(s->pid);
  return rc;
}

int server_start_redis(struct server *s) {
  char port[16];
  s->port = free_port();
  snprintf(port, sizeof port, "%u", s->port);
  const char *argv[] = {"redis-server", "--port",      port, "--bind",
                        "127.0.0.1",    "--save",      "",   "--appendonly",
                        "no",           "--daemonize", "no", NULL};
  return start(s, argv, "SET " KEY " Germany\r\n", "+OK");
}

int server_start_vt_loops(struct server *s, const char *program,
                          const char *folder, const char *loops) {
  char port[16], path[4096], db[4096];
  s->port = free_port();
  snprintf(port, sizeof port, "%u", s->port);
  child_beside(program, "../../samples/cache_server/vt-cache-server", path,
               sizeof path);
  snprintf(db, sizeof db, "%s/countries.db", folder);
  const char *argv[] = {path,       "--port",        port,      "--db", db,
                        "--import", BENCH_COUNTRIES, "--loops", loops,  NULL};
  return start(s, argv, "GET " KEY "\r\n", "$7\r\nGermany");
}

int server_start_vt(struct server *s, const char *program, const char *folder) {
  return server_start_vt_loops(s, program, folder, "1");
}

static int start_bare(struct server *s, const char *program,
                      const char *protocol, const char *first,
                      const char *expected) {
  char port[16], path[4096];
  s->port = free_port();
  snprintf(port, sizeof port, "%u", s->port);
  child_beside(program, "vt_bench_bare_server", path, sizeof path);
  const char *argv[] = {path, port, protocol, NULL};
  return start(s, argv, first, expected);
}

int server_start_bare_resp(struct server *s, const char *program) {
  return start_bare(s, program, "resp", "GET " KEY "\r\n", "$7\r\nGermany");
}

/* ---- HTTP ---- */

#define HTTP_ASK "GET /countries/276 HTTP/1.1\r\nHost: x\r\n\r\n"
#define HTTP_OK "HTTP/1.1 200 OK\r\n"

int server_start_vt_http(struct server *s, const char *program,
                         const char *folder) {
  char port[16], path[4096], db[4096];
  s->port = free_port();
  snprintf(port, sizeof port, "%u", s->port);
  child_beside(program, "../../samples/cache_server/vt-cache-server", path,
               sizeof path);
  snprintf(db, sizeof db, "%s/countries.db", folder);
  const char *argv[] = {path,   "--port", "0",        "--http-port",   port,
                        "--db", db,       "--import", BENCH_COUNTRIES, NULL};
  return start(s, argv, HTTP_ASK, HTTP_OK);
}

/* 100 bytes of JSON for whatever is asked. */
static int write_nginx_conf(const char *path, const char *folder,
                            unsigned port) {
  FILE *f = fopen(path, "w");
  if (!f)
    return -1;
  fprintf(f,
          "daemon off; master_process off; pid %s/nginx.pid;\n"
          "error_log stderr crit; events { worker_connections 1024; }\n"
          "http { access_log off; keepalive_requests 1000000000;\n"
          "client_body_temp_path %s; proxy_temp_path %s;\n"
          "fastcgi_temp_path %s; uwsgi_temp_path %s; scgi_temp_path %s;\n"
          "server { listen 127.0.0.1:%u; location / {\n"
          "default_type application/json; return 200 '{\"numeric\":276,"
          "\"alpha_2\":\"DE\",\"alpha_3\":\"DEU\",\"name\":\"Germany\","
          "\"of_name\":\"Federal Republic of Germany\"}'; } } }\n",
          folder, folder, folder, folder, folder, folder, port);
  return fclose(f) == 0 ? 0 : -1;
}

int server_start_nginx(struct server *s, const char *folder) {
  char conf[4096];
  s->port = free_port();
  snprintf(conf, sizeof conf, "%s/nginx.conf", folder);
  if (write_nginx_conf(conf, folder, s->port) != 0)
    return -1;
  const char *argv[] = {"nginx", "-e", "stderr", "-c", conf, NULL};
  int rc = start(s, argv, HTTP_ASK, HTTP_OK);
  unlink(conf);
  return rc;
}

int server_start_bare_http(struct server *s, const char *program) {
  return start_bare(s, program, "http", HTTP_ASK, HTTP_OK);
}

int server_http_get(const struct server *s, const char *path, double *out_ns) {
  char url[128], text[4096];
  const char *at;
  unsigned long long n = 0;
  snprintf(url, sizeof url, "http://127.0.0.1:%u%s", s->port, path);
  const char *argv[] = {"wrk", "-t1", "-c50", "-d1s", url, NULL};
  uint64_t before = child_cpu_ns(s->pid);
  int rc = child_capture(argv, 1, text, sizeof text);
  uint64_t after = child_cpu_ns(s->pid);
  at = strstr(text, " requests in ");
  while (at && at > text && at[-1] >= '0' && at[-1] <= '9')
    at--;
  if (rc == 0 && (!at || sscanf(at, "%llu", &n) != 1 || n == 0 || before == 0))
    rc = -1;
  *out_ns = n ? (double)(after - before) / (double)n : 0;
  return rc;
}

int server_stop(struct server *s) { return child_stop(s->pid); }

int server_get(const struct server *s, unsigned pipeline, uint64_t n,
               double *out_ns) {
  char port[16], depth[16], count[32], text[256];
  snprintf(port, sizeof port, "%u", s->port);
  snprintf(depth, sizeof depth, "%u", pipeline);
  snprintf(count, sizeof count, "%llu", (unsigned long long)n);
  /* It asks a server that is gone for ever. */
  const char *argv[] = {"timeout",
                        "300",
                        "redis-benchmark",
                        "-p",
                        port,
                        "-c",
                        "50",
                        "-P",
                        depth,
                        "-n",
                        count,
                        "-q",
                        "GET",
                        KEY,
                        NULL};
  uint64_t before = child_cpu_ns(s->pid);
  int rc = child_capture(argv, 1, text, sizeof text);
  uint64_t after = child_cpu_ns(s->pid);
  if (rc == 0 && (before == 0 || after <= before))
    rc = -1;
  *out_ns = (double)(after - before) / (double)n;
  return rc;
}
