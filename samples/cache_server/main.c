/* SPDX-License-Identifier: MIT */
/* vt-cache-server: the countries of ISO 3166, from SQLite, over the Redis
 * protocol. Shows a server of async functions: a connection is one, and a
 * command that finds the data in memory never waits.
 *
 *     vt-cache-server --db c.db --import samples/countries/iso_3166-1.csv &
 *     redis-cli -p 7379 GET country:276
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "countries/country_db.h"
#include "options.h"
#include "server.h"

struct program {
  struct options options;
  uv_loop_t uv;
  vt_loop_t *loop;
  uv_signal_t signals[2];
  countries_t *countries;
  struct access_log *log;
  struct server server;
};

static int complain(const char *text) {
  fprintf(stderr, "vt-cache-server: %s\n", text);
  return 1;
}

static int complain_of(const char *what, int64_t status) {
  fprintf(stderr, "vt-cache-server: %s: %s\n", what, vt_strerror(status));
  return 1;
}

/* ---- before the loop: the data ---- */

static int prepare_data(const struct options *o) {
  char error[COUNTRY_DB_ERROR_SIZE];
  if (o->csv_path &&
      country_db_import(o->db_path, o->csv_path, error, sizeof error) != 0)
    return complain(error);
  if (country_db_check(o->db_path, error, sizeof error) != 0)
    return complain(error);
  return 0;
}

/* ---- with the loop ---- */

static int open_log(struct program *p) {
  const char *path = p->options.log_path;
  if (!path)
    return 0;
  vt_result_t r = vt_loop_run(
      p->loop, vt_fs_open(path, O_WRONLY | O_CREAT | O_APPEND, 0644));
  if (r.status == 0)
    r.status = access_log_new((uv_file)r.value.i, &p->log);
  return r.status == 0 ? 0 : complain_of(path, r.status);
}

static void on_signal(uv_signal_t *handle, int number) {
  (void)number;
  server_stop(handle->data);
}

static void watch_signals(struct program *p) {
  static const int numbers[] = {SIGINT, SIGTERM};
  for (size_t i = 0; i < 2; i++) {
    uv_signal_init(&p->uv, &p->signals[i]);
    p->signals[i].data = &p->server;
    uv_signal_start(&p->signals[i], on_signal, numbers[i]);
  }
}

static int listen_and_serve(struct program *p) {
  const struct sockaddr *address = (struct sockaddr *)&p->options.address;
  bool v6 = address->sa_family == AF_INET6;
  char name[80];
  int status = server_init(&p->server, address, p->countries, p->log, NULL);
  if (status != 0) {
    snprintf(name, sizeof name, v6 ? "[%s]:%d" : "%s:%d", p->options.bind,
             p->options.port);
    return complain_of(name, status);
  }
  watch_signals(p);
  printf(v6 ? "vt-cache-server: listening on [%s]:%d\n"
            : "vt-cache-server: listening on %s:%d\n",
         p->options.bind, p->server.port);
  fflush(stdout);
  vt_result_t r = vt_loop_run(p->loop, server_run(&p->server));
  p->log = NULL;
  for (size_t i = 0; i < 2; i++)
    uv_close((uv_handle_t *)&p->signals[i], NULL);
  return r.status == 0 ? 0 : complain_of("at the end", r.status);
}

static int serve(struct program *p) {
  int status = countries_open(p->options.db_path, &p->countries);
  if (status != 0)
    return complain_of("at the start", status);
  status = open_log(p);
  if (status == 0)
    status = listen_and_serve(p);
  if (p->log)
    vt_loop_run(p->loop, access_log_close(p->log));
  countries_close(p->countries);
  return status;
}

static int run(struct program *p) {
  int status = uv_loop_init(&p->uv);
  if (status == 0)
    status = vt_loop_attach(&p->uv, &p->loop);
  if (status != 0)
    return complain_of("at the start", status);
  vt_loop_set_report(p->loop, vt_report_stderr, NULL);
  vt_loop_reserve(p->loop); /* without it, too, it serves */
  int result = serve(p);
  uv_run(&p->uv, UV_RUN_DEFAULT); /* what is closing ends */
  vt_loop_detach(p->loop, NULL);
  uv_run(&p->uv, UV_RUN_DEFAULT);
  uv_loop_close(&p->uv);
  return result;
}

int main(int argc, char **argv) {
  struct program p;
  char error[512];
  memset(&p, 0, sizeof p);
  if (options_read(argc, argv, &p.options, error, sizeof error) != 0)
    return complain(error);
  if (p.options.help) {
    options_print_usage(stdout);
    return 0;
  }
  if (prepare_data(&p.options) != 0)
    return 1;
  return run(&p);
}
