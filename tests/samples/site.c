/* SPDX-License-Identifier: MIT */
/* Starts the cache server and talks to it. */
#include "samples/site.h"

#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "countries/country_db.h"
#include "support/net.h"

#define START_MS 10000
#define END_MS 30000

/* ---- files ---- */

int site_setup(void **state) {
  struct site *s = calloc(1, sizeof *s);
  if (!s)
    return -1;
  strcpy(s->dir, "/tmp/vt-server-XXXXXX");
  if (!mkdtemp(s->dir))
    return -1;
  snprintf(s->db, sizeof s->db, "%s/c.db", s->dir);
  snprintf(s->csv, sizeof s->csv, "%s/c.csv", s->dir);
  snprintf(s->log, sizeof s->log, "%s/access.log", s->dir);
  snprintf(s->errors, sizeof s->errors, "%s/errors", s->dir);
  *state = s;
  char why[256] = "";
  int rc = country_db_import(s->db, SITE_CSV, why, sizeof why);
  if (rc != 0)
    fprintf(stderr, "no site: %d %s\n", rc, why);
  return rc;
}

int site_teardown(void **state) {
  struct site *s = *state;
  if (s->pid > 0)
    site_stop(s, SIGKILL);
  unlink(s->db);
  unlink(s->csv);
  unlink(s->log);
  unlink(s->errors);
  int status = rmdir(s->dir); /* fails when the server left a file */
  free(s);
  return status;
}

bool site_write(const char *path, const void *data, size_t size) {
  FILE *file = fopen(path, "wb");
  if (!file)
    return false;
  bool good = fwrite(data, 1, size, file) == size;
  return fclose(file) == 0 && good;
}

const char *site_read(struct site *s, const char *path) {
  FILE *file = fopen(path, "rb");
  size_t size = 0;
  if (file) {
    size = fread(s->text, 1, sizeof s->text - 1, file);
    fclose(file);
  }
  s->text[size] = '\0';
  return s->text;
}

const char *site_errors(struct site *s) { return site_read(s, s->errors); }

/* ---- the process ---- */

/* In the child. */
static void become(const struct site *s, const char *const *arguments,
                   int out) {
  char *argv[16] = {getenv("VT_CACHE_SERVER")};
  int errors = open(s->errors, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  for (size_t i = 0; arguments[i] && i < 14; i++)
    argv[i + 1] = (char *)(uintptr_t)arguments[i];
  dup2(out, STDOUT_FILENO);
  dup2(errors, STDERR_FILENO);
  for (int fd = 3; fd < 256; fd++)
    close(fd);
  if (s->files_max > 0) {
    struct rlimit limit = {(rlim_t)s->files_max, (rlim_t)s->files_max};
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  execv(argv[0], argv);
  _exit(126);
}

/* Reads a line that the server prints, or its end: the port behind start. */
static bool read_port(int out, const char *start, int *out_port) {
  char line[128];
  size_t size = 0;
  struct pollfd ready = {.fd = out, .events = POLLIN};
  while (size < sizeof line - 1 && poll(&ready, 1, START_MS) == 1) {
    if (read(out, line + size, 1) != 1)
      return false;
    if (line[size++] == '\n')
      break;
  }
  line[size] = '\0';
  const char *colon = strrchr(line, ':');
  if (strncmp(line, start, strlen(start)) != 0 || !colon)
    return false;
  *out_port = atoi(colon + 1);
  return true;
}

static bool read_ports(struct site *s, const char *const *arguments, int out) {
  if (!read_port(out, "vt-cache-server: listening on ", &s->port))
    return false;
  while (*arguments && strcmp(*arguments, "--http-port") != 0)
    arguments++;
  return !*arguments ||
         read_port(out, "vt-cache-server: http on ", &s->http_port);
}

bool site_run(struct site *s, const char *const *arguments) {
  int out[2];
  if (!getenv("VT_CACHE_SERVER") || pipe(out) != 0)
    return false;
  s->pid = fork();
  if (s->pid == 0)
    become(s, arguments, out[1]);
  close(out[1]);
  bool listens = s->pid > 0 && read_ports(s, arguments, out[0]);
  close(out[0]);
  return listens;
}

bool site_start(struct site *s, const char *option, const char *value) {
  const char *const arguments[] = {"--port", "0",   "--db", s->db,
                                   option,   value, NULL};
  if (site_run(s, arguments))
    return true;
  fprintf(stderr, "the server did not start: %s\n", site_errors(s));
  return false;
}

int site_wait(struct site *s) {
  int status = -1;
  pid_t pid = s->pid;
  if (pid <= 0)
    return -1;
  for (int ms = 0; waitpid(pid, &status, WNOHANG) != pid; ms += 10) {
    if (ms == END_MS)
      kill(pid, SIGKILL);
    usleep(10000);
  }
  s->pid = 0;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int site_stop(struct site *s, int number) {
  kill(s->pid, number);
  return site_wait(s);
}

int site_files(const struct site *s) {
  char path[64];
  int count = 0;
  snprintf(path, sizeof path, "/proc/%d/fd", (int)s->pid);
  DIR *folder = opendir(path);
  if (!folder)
    return -1;
  while (readdir(folder))
    count++;
  closedir(folder);
  return count;
}

size_t site_memory(const struct site *s) {
  char path[64];
  unsigned long size = 0, resident = 0;
  snprintf(path, sizeof path, "/proc/%d/statm", (int)s->pid);
  FILE *file = fopen(path, "r");
  if (!file)
    return 0;
  if (fscanf(file, "%lu %lu", &size, &resident) != 2)
    resident = 0;
  fclose(file);
  return resident * (size_t)sysconf(_SC_PAGESIZE);
}

/* ---- talking ---- */

static int connect_to(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct timeval patience = {.tv_sec = 10};
  int yes = 1;
  int fd = net_connect(&address);
  if (fd < 0)
    return fd;
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  return fd;
}

int site_connect(const struct site *s) { return connect_to(s->port); }

int site_connect_http(const struct site *s) { return connect_to(s->http_port); }

bool site_ask(int fd, const char *request, size_t size, const char *wanted,
              size_t wanted_size) {
  char *got = calloc(1, wanted_size + 1);
  if (!got)
    return false;
  bool sent = !request || net_send(fd, request, size);
  long n = sent ? net_recv(fd, got, wanted_size) : -1;
  bool same = n == (long)wanted_size && memcmp(got, wanted, wanted_size) == 0;
  if (!same)
    fprintf(stderr, "sent: %.100s\nwanted: %.200s\ngot %ld: %.200s\n",
            request ? request : "nothing", wanted, n, got);
  free(got);
  return same;
}

bool site_says(int fd, const char *request, const char *wanted) {
  return site_ask(fd, request, request ? strlen(request) : 0, wanted,
                  strlen(wanted));
}

bool site_plays(struct site *s, const struct site_exchange *exchanges,
                size_t count) {
  int fd = site_start(s, NULL, NULL) ? site_connect(s) : -1;
  bool good = fd >= 0;
  for (size_t i = 0; good && i < count; i++)
    good = site_says(fd, exchanges[i].request, exchanges[i].reply);
  if (fd >= 0)
    close(fd);
  return site_stop(s, SIGTERM) == 0 && good && !*site_errors(s);
}

bool site_is_closed(int fd) {
  char byte;
  return net_recv(fd, &byte, 1) == 0;
}

bool site_serves(const struct site *s) {
  int fd = site_connect(s);
  bool served = fd >= 0 && site_says(fd, "*1\r\n$4\r\nPING\r\n", "+PONG\r\n");
  if (fd >= 0)
    close(fd);
  return served;
}

/* ---- at rest ---- */

/* How many clients the server says that it has; -1 without an answer. */
static int count_clients(int fd) {
  static const char name[] = "connected_clients:";
  char text[1024] = "";
  size_t size = 0;
  const char *body = NULL;
  if (!net_send(fd, "INFO clients\r\n", 14))
    return -1;
  while (!body || size < (size_t)(body - text) + strtoul(text + 1, NULL, 10)) {
    ssize_t n = recv(fd, text + size, sizeof text - 1 - size, 0);
    if (n <= 0)
      return -1;
    size += (size_t)n;
    text[size] = '\0';
    body = strstr(text, "\r\n");
    body = body ? body + 4 : NULL; /* with the CRLF behind it */
  }
  const char *at = strstr(text, name);
  return at ? atoi(at + strlen(name)) : -1;
}

int site_files_at_rest(const struct site *s, int clients) {
  int files = -1, found = -1;
  int fd = site_connect(s);
  if (fd >= 0) /* what is loaded keeps a connection to the database */
    (void)site_says(fd, "GET country:276\r\n", "$7\r\nGermany\r\n");
  for (int ms = 0; fd >= 0 && ms < END_MS && found != clients + 1; ms += 5) {
    if (ms > 0)
      usleep(5000);
    found = count_clients(fd);
  }
  if (found == clients + 1)
    files = site_files(s) - 1;
  if (fd >= 0)
    close(fd);
  return files;
}
