/* SPDX-License-Identifier: MIT */
/* Usage: soak SECONDS
 * Clients of all kinds at the cache server that VT_CACHE_SERVER names: regular
 * ones whose replies are checked, writers, and those who misbehave. Once a
 * while all but the regular ones are gone; then the server has no more
 * descriptors, and at the end no more memory, than after the first quarter. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "samples/random_script.h"
#include "samples/site.h"
#include "support/net.h"

#define REGULARS 50
#define LOITERERS 40
#define MEMORY_SLACK ((size_t)2 * 1024 * 1024)
#define PING "*1\r\n$4\r\nPING\r\n"

struct soak {
  struct site *site;
  int regulars[REGULARS], loiterers[LOITERERS];
  unsigned long rounds, replies, writes, abuses;
  uint64_t seed;
  int files;         /* at rest, with the regular clients */
  size_t memory;     /* after the first quarter */
  size_t memory_max; /* behind it */
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

/* There and back; who wrote sees it. */
static bool write_twice(struct soak *k) {
  k->writes += 2;
  return site_says(k->regulars[0],
                   "SET country:226 Elsewhere\r\nGET country:226\r\n",
                   "+OK\r\n$9\r\nElsewhere\r\n") &&
         site_says(k->regulars[1],
                   "SET country:226 'Equatorial Guinea'\r\n"
                   "GET country:GQ\r\n",
                   "+OK\r\n$17\r\nEquatorial Guinea\r\n");
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
static void flood(int fd) {
  static char many[15 * 1000];
  for (size_t i = 0; i < 1000; i++)
    memcpy(many + 15 * i, "GET countries\r\n", 15);
  for (int i = 0; i < 20; i++)
    if (send(fd, many, sizeof many, MSG_DONTWAIT | MSG_NOSIGNAL) <= 0)
      return;
}

static void send_large(int fd) {
  static char data[200000];
  static const char head[] = "*2\r\n$4\r\nECHO\r\n$1000000\r\n";
  send(fd, head, sizeof head - 1, MSG_NOSIGNAL);
  send(fd, data, sizeof data, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static bool misbehave(struct soak *k, int slot) {
  static const char *const odd[] = {"*x\r\n",
                                    "GET / HTTP/1.1\r\n\r\n",
                                    "*2\r\n$3\r\nGET\r\n$10\r\ncoun",
                                    "",
                                    "ECHO 'a\r\n",
                                    "*1048576\r\n"};
  int fd = site_connect(k->site);
  if (fd < 0)
    return complain("no connection");
  k->abuses++;
  unsigned long kind = k->abuses % 12;
  if (kind < 6)
    send(fd, odd[kind], strlen(odd[kind]), MSG_NOSIGNAL);
  else if (kind == 6)
    flood(fd);
  else if (kind == 7)
    send_large(fd);
  else
    send_script(k, fd);
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

static bool look(struct soak *k, bool first_quarter) {
  all_leave(k);
  for (int ms = 0; k->files && site_files(k->site) > k->files && ms < 10000;
       ms += 10)
    usleep(10000);
  int files = site_files_at_rest(k->site, REGULARS);
  size_t memory = site_memory(k->site);
  if (k->files && files > k->files) {
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
  if (!serve_regulars(k) || (k->rounds % 40 == 0 && !write_twice(k)))
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
  if (!go_round(k))
    return false;
  all_leave(k);
  k->files = site_files_at_rest(k->site, REGULARS);
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
  printf("soak: %lu rounds, %lu replies, %lu writes, %lu abuses\n"
         "soak: descriptors %d; memory %zu KiB, in the first quarter %zu KiB\n",
         k->rounds, k->replies, k->writes, k->abuses, k->files,
         k->memory_max / 1024, k->memory / 1024);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  if (k->memory_max > k->memory + MEMORY_SLACK)
    return complain("the memory grows");
#endif
  return true;
}

int main(int argc, char **argv) {
  struct soak k = {.seed = 1};
  if (argc != 2 || site_setup((void **)&k.site) != 0)
    return EXIT_FAILURE;
  for (int i = 0; i < LOITERERS; i++)
    k.loiterers[i] = -1;
  /* What is freed goes back to the system at once, so that it can be seen. */
  setenv("MALLOC_MMAP_THRESHOLD_", "65536", 1);
  setenv("MALLOC_TRIM_THRESHOLD_", "65536", 1);
  bool good = site_start(k.site, "--log", k.site->log) &&
              run(&k, strtoull(argv[1], NULL, 10)) && judge(&k);
  int status = site_stop(k.site, SIGTERM);
  const char *errors = site_errors(k.site);
  if (status != 0 || *errors)
    good = complain(*errors ? errors : "the server failed at its end");
  return site_teardown((void **)&k.site) == 0 && good ? EXIT_SUCCESS
                                                      : EXIT_FAILURE;
}
