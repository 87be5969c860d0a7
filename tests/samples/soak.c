/* SPDX-License-Identifier: MIT */
/* Usage: soak SECONDS
 * Clients of all kinds at both sides of the cache server that VT_CACHE_SERVER
 * names: regular ones whose replies are checked, on connections that are kept
 * and on new ones, writers, and those who misbehave. Once a
 * while all but the regular ones are gone; then the server has no more
 * descriptors, and at the end no more memory, than after the first quarter. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "samples/http_ask.h"
#include "samples/random_script.h"
#include "samples/site.h"
#include "support/net.h"

#define REGULARS 50
#define HTTP_REGULARS 10
#define LOITERERS 40
#define MEMORY_SLACK ((size_t)2 * 1024 * 1024)
#define PING "*1\r\n$4\r\nPING\r\n"

struct soak {
  struct site *site;
  int regulars[REGULARS], http[HTTP_REGULARS], loiterers[LOITERERS];
  unsigned long rounds, replies, answers, writes, abuses;
  uint64_t seed;
  int files;         /* at rest, with the regular clients */
  size_t memory;     /* after the first quarter */
  size_t memory_max; /* behind it */
  struct http_asked asked;
};

static uint64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool complain(const char *what) {
  fprintf(stderr, "soak: %s\n", what);
  return false;
}

/* ---- those who behave ---- */

struct exchange {
  const char *request, *reply;
};

static const struct exchange exchanges[] = {
    {PING, "+PONG\r\n"},
    {"GET country:DE\r\n", "$7\r\nGermany\r\n"},
    {"GET country:999\r\n", "$-1\r\n"},
    {"HGET country:004 alpha_3\r\n", "$3\r\nAFG\r\n"},
    {"EXISTS country:4 x\r\nECHO 'a b'\r\n", ":1\r\n$3\r\na b\r\n"},
    {"MGET country:DE x\r\n", "*2\r\n$7\r\nGermany\r\n$-1\r\n"},
    {"FLY\r\n", "-ERR unknown command 'FLY', with args beginning with: \r\n"},
    {"CLIENT SETNAME soak\r\nCLIENT GETNAME\r\n", "+OK\r\n$4\r\nsoak\r\n"},
};

static bool serve_regulars(struct soak *k) {
  for (int i = 0; i < REGULARS; i++) {
    const struct exchange *e =
        &exchanges[(k->rounds + (unsigned)i) %
                   (sizeof exchanges / sizeof *exchanges)];
    if (!site_says(k->regulars[i], e->request, e->reply))
      return complain("a wrong reply");
    k->replies++;
  }
  return true;
}

/* ---- the same over HTTP ---- */

#define HEAD_END " HTTP/1.1\r\nHost: x\r\n\r\n"

static const struct {
  const char *target, *word, *text;
} targets[] = {
    {"GET /countries" HEAD_END, "200 ", "[{\"numeric\":4,"},
    {"GET /metrics" HEAD_END, "200 ", "_total"},
    {"HEAD /countries" HEAD_END, "H200 ", "\r\nETag: "},
    {"GET /countries/DE" HEAD_END, "200 ", "\"Germany\""},
    {"GET /countries?q=germ&fields=name" HEAD_END, "200 ", "Germany"},
    {"GET /healthz" HEAD_END, "200 ", "ok\n"},
    {"HEAD /none" HEAD_END, "H404 ", "\r\nContent-Length: "},
    {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "200+ ", "<html"},
};

static bool serve_http(struct soak *k) {
  const size_t count = sizeof targets / sizeof *targets;
  for (unsigned i = 0; i < HTTP_REGULARS; i++) {
    size_t n = (k->rounds + i) % count;
    if (!http_ask_says(&k->asked, k->http[i], targets[n].target,
                       targets[n].word, targets[n].text))
      return complain("a wrong answer");
    k->answers++;
  }
  k->answers += 2;
  return (http_ask_says(&k->asked, k->http[0], targets[0].target, "200 ",
                        "ETag: ") &&
          http_ask_again(&k->asked, k->http[1], "/countries")) ||
         complain("a wrong answer to who has it already");
}

/* Who asks once, and is told that it was the last time. */
static bool serve_passer_by(struct soak *k) {
  int fd = site_connect_http(k->site);
  bool good = fd >= 0 &&
              http_ask_says(&k->asked, fd,
                            "GET /countries/4 HTTP/1.1\r\nHost: x\r\n"
                            "Connection: close\r\n\r\n",
                            "200- ", "Afghanistan") &&
              site_is_closed(fd);
  if (fd >= 0)
    close(fd);
  k->answers++;
  return good || complain("a wrong last answer");
}

/* ---- writers ---- */

/* There and back; who wrote sees it. */
static bool write_twice(struct soak *k) {
  k->writes += 2;
  return (site_says(k->regulars[0],
                    "SET country:226 Elsewhere\r\nGET country:226\r\n",
                    "+OK\r\n$9\r\nElsewhere\r\n") &&
          site_says(k->regulars[1],
                    "SET country:226 'Equatorial Guinea'\r\n"
                    "GET country:GQ\r\n",
                    "+OK\r\n$17\r\nEquatorial Guinea\r\n")) ||
         complain("a write that is not seen");
}

/* ---- those who do not ---- */

static void leave(int fd, unsigned long how) {
  if (how % 2)
    net_reset(fd);
  else
    close(fd);
}

/* What a script is answered is nobody's concern. */
static void send_script(struct soak *k, int fd) {
  struct script script;
  char got[4096];
  k->seed++;
  script_make(&script, k->seed, k->seed % 2 ? SCRIPT_STRINGS : SCRIPT_HASHES);
  send(fd, script.data, script.size, MSG_NOSIGNAL);
  if (k->seed % 3)
    recv(fd, got, sizeof got, MSG_DONTWAIT);
}

/* Replies that nobody reads, as many as the sockets take. */
static void flood(int fd, const char *request) {
  static char many[50 * 1000];
  size_t size = strlen(request);
  for (size_t i = 0; i < 1000; i++)
    memcpy(many + size * i, request, size);
  for (int i = 0; i < 20; i++)
    if (send(fd, many, 1000 * size, MSG_DONTWAIT | MSG_NOSIGNAL) <= 0)
      return;
}

static void send_large(int fd) {
  static char data[200000];
  static const char head[] = "*2\r\n$4\r\nECHO\r\n$1000000\r\n";
  send(fd, head, sizeof head - 1, MSG_NOSIGNAL);
  send(fd, data, sizeof data, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void abuse_resp(struct soak *k, int fd, unsigned long kind) {
  static const char *const odd[] = {"*x\r\n",
                                    "GET / HTTP/1.1\r\n\r\n",
                                    "*2\r\n$3\r\nGET\r\n$10\r\ncoun",
                                    "",
                                    "ECHO 'a\r\n",
                                    "*1048576\r\n"};
  if (kind < 6)
    send(fd, odd[kind], strlen(odd[kind]), MSG_NOSIGNAL);
  else if (kind == 6)
    flood(fd, "GET countries\r\n");
  else if (kind == 7)
    send_large(fd);
  else
    send_script(k, fd);
}

#define HALF_BODY                                                              \
  "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"                     \
  "Transfer-Encoding: chunked\r\n\r\nff\r\nabc"

static void abuse_http(int fd, unsigned long kind) {
  static const char *const odd[] = {"GET /countries HTTP/1.1\r\nHos",
                                    "GET /../x HTTP/1.1\r\nHost: x\r\n\r\n",
                                    HALF_BODY};
  if (kind < 3)
    send(fd, odd[kind], strlen(odd[kind]), MSG_NOSIGNAL);
  else
    flood(fd, targets[0].target);
}

static bool misbehave(struct soak *k, int slot) {
  unsigned long kind = ++k->abuses % 16;
  int fd = kind < 12 ? site_connect(k->site) : site_connect_http(k->site);
  if (fd < 0)
    return complain("no connection");
  if (kind < 12)
    abuse_resp(k, fd, kind);
  else
    abuse_http(fd, kind - 12);
  if (k->loiterers[slot] >= 0)
    leave(k->loiterers[slot], k->abuses / 7);
  k->loiterers[slot] = fd; /* it stays for a while */
  return true;
}

static void all_leave(struct soak *k) {
  for (int i = 0; i < LOITERERS; i++) {
    if (k->loiterers[i] >= 0)
      leave(k->loiterers[i], (unsigned long)i);
    k->loiterers[i] = -1;
  }
}

/* ---- the soak ---- */

static int files_at_rest(const struct soak *k) {
  return site_files_at_rest(k->site, REGULARS + HTTP_REGULARS);
}

/* A log that is opened again has two for a moment. */
static int count_files(const struct soak *k) {
  int files = files_at_rest(k);
  for (int ms = 0; files > k->files && ms < 5000; ms += 20) {
    usleep(20000);
    files = files_at_rest(k);
  }
  return files;
}

static bool look(struct soak *k, bool first_quarter) {
  all_leave(k);
  int files = count_files(k);
  size_t memory = site_memory(k->site);
  if (files < 0 || files > k->files) {
    fprintf(stderr, "soak: %d descriptors, before %d\n", files, k->files);
    return false;
  }
  if (first_quarter)
    k->memory = memory > k->memory ? memory : k->memory;
  else
    k->memory_max = memory > k->memory_max ? memory : k->memory_max;
  return true;
}

static bool go_round(struct soak *k) {
  if (!serve_regulars(k) || !serve_http(k) || !serve_passer_by(k) ||
      (k->rounds % 40 == 0 && !write_twice(k)))
    return false;
  for (int i = 0; i < 8; i++)
    if (!misbehave(k, (int)(k->abuses % LOITERERS)))
      return false;
  if (k->rounds % 500 == 0)
    kill(k->site->pid, SIGHUP);
  k->rounds++;
  return true;
}

static bool run(struct soak *k, uint64_t seconds) {
  uint64_t began = now_ms(), end = began + seconds * 1000;
  uint64_t quarter = began + seconds * 250, next = began;
  for (int i = 0; i < REGULARS; i++)
    if ((k->regulars[i] = site_connect(k->site)) < 0)
      return complain("no connection");
  for (int i = 0; i < HTTP_REGULARS; i++)
    if ((k->http[i] = site_connect_http(k->site)) < 0)
      return complain("no connection");
  if (!go_round(k))
    return false;
  all_leave(k);
  k->files = files_at_rest(k);
  while (now_ms() < end) {
    if (!go_round(k))
      return false;
    if (now_ms() < next)
      continue;
    next = now_ms() + 1000;
    if (!look(k, now_ms() < quarter))
      return false;
  }
  return look(k, false);
}

static bool judge(struct soak *k) {
  printf("soak: %lu rounds, %lu replies, %lu answers, %lu writes, "
         "%lu abuses\n"
         "soak: descriptors %d; memory %zu KiB, in the first quarter %zu KiB\n",
         k->rounds, k->replies, k->answers, k->writes, k->abuses, k->files,
         k->memory_max / 1024, k->memory / 1024);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  if (k->memory_max > k->memory + MEMORY_SLACK)
    return complain("the memory grows");
#endif
  return true;
}

int main(int argc, char **argv) {
  static struct soak k = {.seed = 1};
  if (argc != 2 || site_setup((void **)&k.site) != 0)
    return EXIT_FAILURE;
  for (int i = 0; i < LOITERERS; i++)
    k.loiterers[i] = -1;
  /* What is freed goes back to the system at once, so that it can be seen. */
  setenv("MALLOC_MMAP_THRESHOLD_", "65536", 1);
  setenv("MALLOC_TRIM_THRESHOLD_", "65536", 1);
  const char *const arguments[] = {"--port", "0",         "--http-port",
                                   "0",      "--db",      k.site->db,
                                   "--log",  k.site->log, NULL};
  bool good = site_run(k.site, arguments) &&
              run(&k, strtoull(argv[1], NULL, 10)) && judge(&k);
  int status = site_stop(k.site, SIGTERM);
  const char *errors = site_errors(k.site);
  if (status != 0 || *errors)
    good = complain(*errors ? errors : "the server failed at its end");
  return site_teardown((void **)&k.site) == 0 && good ? EXIT_SUCCESS
                                                      : EXIT_FAILURE;
}
