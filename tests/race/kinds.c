/* SPDX-License-Identifier: MIT */
/* The kinds that race in libuv's pool. */
#include "race/race.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/tmp.h"

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

/* ---- paths, always by the pool ---- */

static vt_t cold(vt_t (*begin)(struct attempt *a), struct attempt *a) {
  vt_loop_t *loop = vt_loop_current();
  vt_fs_set_hot(loop, false);
  vt_t v = begin(a);
  vt_fs_set_hot(loop, true);
  return v;
}

static vt_t open_root(struct attempt *a) {
  (void)a;
  return vt_fs_open("/", UV_FS_O_RDONLY, 0);
}

static vt_t stat_root(struct attempt *a) {
  return vt_fs_stat("/", &a->room.stat);
}

static vt_t begin_open_cold(struct attempt *a, uv_file file) {
  (void)file;
  return cold(open_root, a);
}

static vt_t begin_stat(struct attempt *a, uv_file file) {
  (void)file;
  return stat_root(a);
}

static vt_t begin_stat_cold(struct attempt *a, uv_file file) {
  (void)file;
  return cold(stat_root, a);
}

/* To its own name, which changes nothing. */
static vt_t begin_rename(struct attempt *a, uv_file file) {
  (void)a;
  (void)file;
  return vt_fs_rename("race/race.h", "race/race.h");
}

static vt_t begin_mkstemp(struct attempt *a, uv_file file) {
  char tpl[256];
  (void)file;
  snprintf(tpl, sizeof tpl, "%s/vt-race-XXXXXX", tmp_folder());
  return vt_fs_mkstemp(tpl, (char *)a->room.bytes, sizeof a->room.bytes);
}

static void take_mkstemp(struct attempt *a) {
  close_now((uv_file)a->last.value.i);
  unlink((char *)a->room.bytes);
}

static vt_t begin_scandir(struct attempt *a, uv_file file) {
  (void)a;
  (void)file;
  return vt_fs_scandir("race", 0);
}

static void take_scandir(struct attempt *a) {
  vt_dirents_free(a->last.value.p);
}

static vt_t begin_opendir(struct attempt *a, uv_file file) {
  (void)a;
  (void)file;
  return vt_fs_opendir("race");
}

static void take_opendir(struct attempt *a) {
  vt_forget(vt_fs_closedir(a->last.value.p));
}

const struct race_kind race_pool[] = {
    {.name = "work", .begin = begin_work, .check = check_work},
    {.name = "getaddrinfo", .begin = begin_addresses, .take = take_addresses},
    {.name = "getnameinfo", .begin = begin_names},
    {.name = "random", .begin = begin_random},
    {.name = "wrap", .begin = begin_wrap},
    {.name = "fs_open", .begin = begin_open, .take = take_open},
    {.name = "fs_open_cold", .begin = begin_open_cold, .take = take_open},
    {.name = "fs_close", .begin = begin_close},
    {.name = "fs_read", .begin = begin_read},
    {.name = "fs_write", .begin = begin_write},
    {.name = "fs_fstat", .begin = begin_fstat},
    {.name = "fs_stat", .begin = begin_stat},
    {.name = "fs_stat_cold", .begin = begin_stat_cold},
    {.name = "fs_rename", .begin = begin_rename},
    {.name = "fs_mkstemp", .begin = begin_mkstemp, .take = take_mkstemp},
    {.name = "fs_scandir", .begin = begin_scandir, .take = take_scandir},
    {.name = "fs_opendir", .begin = begin_opendir, .take = take_opendir},
    {.name = NULL},
};
