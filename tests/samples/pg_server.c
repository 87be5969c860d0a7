/* SPDX-License-Identifier: MIT */
/* Starts and ends a PostgreSQL server. */
#define _GNU_SOURCE /* nftw, pipe2 */
#include "samples/pg_server.h"

#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <libpq-fe.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_MS 30000

/* ---- processes ---- */

/* In the child: what it becomes must not be root, nor outlive the test. Its
 * programs look for each other beside the path in arguments[0], and go back to
 * the folder that they started in, which must be open to that user. */
static void become(const char *program, char **arguments, int errors) {
  char path[256];
  const struct passwd *user = getuid() == 0 ? getpwnam("postgres") : NULL;
  int nothing = open("/dev/null", O_RDWR);
  snprintf(path, sizeof path, "%s/%s", getenv("VT_POSTGRES"), program);
  arguments[0] = path;
  dup2(nothing, STDIN_FILENO);
  dup2(nothing, STDOUT_FILENO);
  dup2(errors, STDERR_FILENO);
  for (int fd = 3; fd < 256; fd++)
    close(fd);
  if (chdir("/") != 0)
    _exit(126);
  if (user && (setgroups(0, NULL) != 0 || setgid(user->pw_gid) != 0 ||
               setuid(user->pw_uid) != 0))
    _exit(126);
  prctl(PR_SET_PDEATHSIG, SIGQUIT);
  execv(path, arguments);
  _exit(127);
}

static pid_t start(const char *program, char **arguments, int errors) {
  pid_t pid = fork();
  if (pid == 0)
    become(program, arguments, errors);
  return pid;
}

static bool succeeds(pid_t pid) {
  int status = -1;
  return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
         WEXITSTATUS(status) == 0;
}

/* ---- the cluster ---- */

static bool give_to_postgres(const char *dir) {
  const struct passwd *user = getpwnam("postgres");
  return getuid() != 0 || (user && chown(dir, user->pw_uid, user->pw_gid) == 0);
}

const char *pg_server_open(struct pg_server *s) {
  char data[96];
  memset(s, 0, sizeof *s);
  if (!getenv("VT_POSTGRES"))
    return "VT_POSTGRES names no folder";
  strcpy(s->dir, "/tmp/vt-pg-XXXXXX");
  if (!mkdtemp(s->dir) || !give_to_postgres(s->dir))
    return "no folder for the cluster";
  snprintf(s->url, sizeof s->url, "postgresql:///postgres?host=%s&user=tester",
           s->dir);
  snprintf(data, sizeof data, "%s/data", s->dir);
  char *arguments[] = {NULL,     "-D", data,   "-A",        "trust",      "-U",
                       "tester", "-E", "UTF8", "--no-sync", "--locale=C", NULL};
  if (!succeeds(start("initdb", arguments, STDERR_FILENO)))
    return "initdb failed";
  return pg_server_start(s) ? NULL : "postgres did not start";
}

/* Reads what the server logs until it is ready. */
static bool is_ready(int log) {
  char text[16384];
  size_t size = 0;
  struct pollfd ready = {.fd = log, .events = POLLIN};
  while (size < sizeof text - 1 && poll(&ready, 1, START_MS) == 1) {
    ssize_t n = read(log, text + size, sizeof text - 1 - size);
    if (n <= 0)
      break;
    size += (size_t)n;
    text[size] = '\0';
    if (strstr(text, "ready to accept connections"))
      return true;
  }
  fprintf(stderr, "postgres: %.*s\n", (int)size, text);
  return false;
}

bool pg_server_start(struct pg_server *s) {
  char data[96];
  int log[2];
  snprintf(data, sizeof data, "%s/data", s->dir);
  char *arguments[] = {NULL,   "-D",
                       data,   "-k",
                       s->dir, "-h",
                       "",     "-F",
                       "-c",   "autovacuum=off",
                       "-c",   "shared_buffers=16MB",
                       "-c",   "max_connections=30",
                       "-c",   "log_min_messages=log",
                       NULL};
  if (pipe2(log, O_CLOEXEC) != 0)
    return false;
  s->pid = start("postgres", arguments, log[1]);
  close(log[1]);
  bool good = s->pid > 0 && is_ready(log[0]);
  close(log[0]); /* what it logs from now on goes nowhere */
  return good;
}

void pg_server_kill(struct pg_server *s) {
  if (s->pid <= 0)
    return;
  kill(s->pid, SIGQUIT);
  waitpid(s->pid, NULL, 0);
  s->pid = 0;
}

static int remove_one(const char *path, const struct stat *st, int type,
                      struct FTW *walk) {
  (void)st;
  (void)type;
  (void)walk;
  return remove(path);
}

void pg_server_close(struct pg_server *s) {
  pg_server_kill(s);
  if (s->dir[0])
    nftw(s->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- asking ---- */

bool pg_server_ask(const struct pg_server *s, const char *sql, char *text,
                   size_t size) {
  PGconn *conn = PQconnectdb(s->url);
  PGresult *result = PQexec(conn, sql);
  ExecStatusType status = PQresultStatus(result);
  bool good = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
  if (!good)
    fprintf(stderr, "%s: %s\n", sql, PQerrorMessage(conn));
  if (text)
    snprintf(text, size, "%s",
             good && PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "");
  PQclear(result);
  PQfinish(conn);
  return good;
}

bool pg_server_sql(const struct pg_server *s, const char *sql) {
  return pg_server_ask(s, sql, NULL, 0);
}

/* ---- a group's ---- */

struct pg_server pg;

int pg_setup(void **state) {
  (void)state;
  const char *problem = pg_server_open(&pg);
  if (problem)
    fprintf(stderr, "%s\n", problem);
  return problem ? -1 : 0;
}

int pg_teardown(void **state) {
  (void)state;
  pg_server_close(&pg);
  return 0;
}
