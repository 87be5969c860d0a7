/* SPDX-License-Identifier: MIT */
/* The kinds that race. */
#include "race/race.h"

#include <stdlib.h>

/* ---- work ---- */

static vt_result_t run(void *attempt) {
  vt_result_t done = {0, {0}};
  atomic_fetch_add(&((struct attempt *)attempt)->runs, 1);
  return done;
}

static vt_t begin_work(struct attempt *a, uv_file file) {
  (void)file;
  return vt_work(run, a);
}

static const char *check_work(const struct attempt *a) {
  int runs = atomic_load(&a->runs);
  if (a->last.status == 0)
    return runs == 1 ? NULL : "done and not run once";
  return runs == 0 ? NULL : "cancelled and run";
}

/* ---- names ---- */

static vt_t begin_addresses(struct attempt *a, uv_file file) {
  (void)a;
  (void)file;
  return vt_getaddrinfo("localhost", "7", NULL);
}

static void take_addresses(struct attempt *a) {
  vt_freeaddrinfo(a->last.value.p);
}

static vt_t begin_names(struct attempt *a, uv_file file) {
  struct sockaddr_in addr;
  (void)file;
  uv_ip4_addr("127.0.0.1", 7, &addr);
  return vt_getnameinfo((const struct sockaddr *)&addr, NI_NUMERICSERV,
                        &a->room.names);
}

/* ---- random, by vt's call and by a wrapped one ---- */

static vt_t begin_random(struct attempt *a, uv_file file) {
  (void)file;
  return vt_random(a->room.bytes, 64, 0);
}

static void on_random(uv_random_t *r, int status, void *buffer, size_t size) {
  (void)buffer;
  vt_wrap_complete(r, status, (vt_value_t){.u = size});
}

static vt_t begin_wrap(struct attempt *a, uv_file file) {
  uv_random_t *r = vt_wrap_new("random", sizeof *r);
  (void)file;
  return vt_wrap_started(
      r, r ? uv_random(vt_wrap_uv(r), r, a->room.bytes, 64, 0, on_random) : 0);
}

/* ---- files ---- */

static void close_now(uv_file file) {
  uv_fs_t req;
  uv_fs_close(NULL, &req, file, NULL);
  uv_fs_req_cleanup(&req);
}

static uv_file open_now(void) {
  uv_fs_t req;
  uv_file file = uv_fs_open(NULL, &req, "/", UV_FS_O_RDONLY, 0, NULL);
  uv_fs_req_cleanup(&req);
  return file;
}

static vt_t begin_open(struct attempt *a, uv_file file) {
  (void)a;
  (void)file;
  return vt_fs_open("/", UV_FS_O_RDONLY, 0);
}

static void take_open(struct attempt *a) {
  close_now((uv_file)a->last.value.i);
}

/* It always closes: no cancel and no forgetting leaves the file open. */
static vt_t begin_close(struct attempt *a, uv_file file) {
  (void)a;
  (void)file;
  return vt_fs_close(open_now());
}

static vt_t begin_read(struct attempt *a, uv_file file) {
  return vt_fs_read(file, a->room.bytes, sizeof a->room.bytes, 0);
}

static vt_t begin_write(struct attempt *a, uv_file file) {
  return vt_fs_write(file, a->room.bytes, sizeof a->room.bytes, 0);
}

static vt_t begin_fstat(struct attempt *a, uv_file file) {
  return vt_fs_fstat(file, &a->room.stat);
}

const struct race_kind race_kinds[] = {
    {"work", begin_work, NULL, check_work},
    {"getaddrinfo", begin_addresses, take_addresses, NULL},
    {"getnameinfo", begin_names, NULL, NULL},
    {"random", begin_random, NULL, NULL},
    {"wrap", begin_wrap, NULL, NULL},
    {"fs_open", begin_open, take_open, NULL},
    {"fs_close", begin_close, NULL, NULL},
    {"fs_read", begin_read, NULL, NULL},
    {"fs_write", begin_write, NULL, NULL},
    {"fs_fstat", begin_fstat, NULL, NULL},
    {NULL, NULL, NULL, NULL},
};
