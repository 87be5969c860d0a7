/* SPDX-License-Identifier: MIT */
/* Starts redis-server, loads it, and asks. */
#include "samples/redis_oracle.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "countries/country_db.h"

#define START_MS 10000
#define PATIENCE_MS 20000

/* ---- talking ---- */

int oracle_connect(const struct oracle *o) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  snprintf(address.sun_path, sizeof address.sun_path, "%s", o->path);
  if (fd >= 0 &&
      connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
    close(fd);
    return -1;
  }
  return fd;
}

/* A peer that leaves early takes not all of it. */
static void send_whole(int fd, const char *data, size_t size) {
  while (size > 0) {
    ssize_t n = send(fd, data, size, MSG_NOSIGNAL);
    if (n <= 0)
      return;
    data += n;
    size -= (size_t)n;
  }
}

long oracle_ask(int fd, const char *data, size_t size, char *got,
                size_t capacity) {
  struct pollfd ready = {.fd = fd, .events = POLLIN};
  size_t have = 0;
  bool ended = false;
  if (fd < 0)
    return -1;
  send_whole(fd, data, size);
  shutdown(fd, SHUT_WR);
  while (!ended && have < capacity && poll(&ready, 1, PATIENCE_MS) == 1) {
    ssize_t n = recv(fd, got + have, capacity - have, 0);
    ended = n == 0 || (n < 0 && errno != EINTR);
    have += n > 0 ? (size_t)n : 0;
  }
  close(fd);
  return ended || have == capacity ? (long)have : -1;
}

/* True when each of count requests was answered, and none with an error. */
static bool tell(const struct oracle *o, const char *data, size_t size,
                 size_t count) {
  size_t capacity = 64 * count + 64, lines = 0;
  char *got = malloc(capacity);
  if (!got)
    return false;
  long n = oracle_ask(oracle_connect(o), data, size, got, capacity);
  for (long i = 0; i < n; i++)
    lines += got[i] == '\n';
  bool good = lines == count && !memchr(got, '-', (size_t)n);
  free(got);
  return good;
}

/* ---- its data ---- */

struct text {
  char *data;
  size_t size, capacity, count;
  bool failed; /* no memory: the rest is not added */
};

static void add(struct text *t, const char *bytes, size_t size) {
  if (t->capacity - t->size < size && !t->failed) {
    size_t capacity = 2 * (t->capacity + size);
    char *data = realloc(t->data, capacity);
    t->failed = !data;
    if (data) {
      t->data = data;
      t->capacity = capacity;
    }
  }
  if (t->failed)
    return;
  memcpy(t->data + t->size, bytes, size);
  t->size += size;
}

static void add_head(struct text *t, char type, size_t number) {
  char head[32];
  add(t, head, (size_t)snprintf(head, sizeof head, "%c%zu\r\n", type, number));
}

static void add_word(struct text *t, const char *word, size_t size) {
  add_head(t, '$', size);
  add(t, word, size);
  add(t, "\r\n", 2);
}

/* A request of so many words, the first of which are given. */
static void begin(struct text *t, size_t words, const char *name,
                  const char *code) {
  char key[32];
  int size = snprintf(key, sizeof key, "country:%s", code);
  add_head(t, '*', words);
  add_word(t, name, strlen(name));
  add_word(t, key, (size_t)size);
  t->count++;
}

static void add_country(struct text *t, const country_t *c, const char *code,
                        enum script_kind kind) {
  char number[16];
  snprintf(number, sizeof number, "%d", c->numeric);
  const char *const fields[] = {"numeric",        number,    "alpha_2",
                                c->alpha_2,       "alpha_3", c->alpha_3,
                                "name",           c->name,   "official_name",
                                c->official_name, "flag",    c->flag};
  if (kind == SCRIPT_STRINGS) {
    begin(t, 3, "SET", code);
    add_word(t, c->name, strlen(c->name));
    return;
  }
  begin(t, 14, "HSET", code);
  for (size_t i = 0; i < 12; i++)
    add_word(t, fields[i], strlen(fields[i]));
}

static void add_all(struct text *t, const struct country_dict *dict,
                    enum script_kind kind) {
  size_t size;
  const country_t *rows = country_dict_rows(dict);
  for (size_t i = 0; i < country_dict_count(dict); i++) {
    char number[16];
    /* The server under test reads numbers, with zeros in front, too. */
    for (int width = 1; width <= 4; width++) {
      if (snprintf(number, sizeof number, "%0*d", width, rows[i].numeric) ==
          width)
        add_country(t, &rows[i], number, kind);
    }
    add_country(t, &rows[i], rows[i].alpha_2, kind);
    add_country(t, &rows[i], rows[i].alpha_3, kind);
  }
  const char *json = country_dict_json(dict, &size);
  add_head(t, '*', 3);
  add_word(t, "SET", 3);
  add_word(t, "countries", 9);
  add_word(t, json, size);
  t->count++;
}

/* So that a spoiled script changes nothing. */
static bool allow(const struct oracle *o, enum script_kind kind) {
  char text[1024];
  const char *name;
  int n = snprintf(text, sizeof text, "ACL SETUSER default -@all");
  for (size_t i = 0; (name = script_command(kind, i)); i++)
    n += snprintf(text + n, sizeof text - (size_t)n, " +%s", name);
  n += snprintf(text + n, sizeof text - (size_t)n, "\r\n");
  return tell(o, text, (size_t)n, 1);
}

bool oracle_load(struct oracle *o, const char *db, enum script_kind kind) {
  const struct country_dict *dict;
  struct text t = {.data = NULL};
  if (country_db_load(db, &dict) != 0)
    return false;
  add_all(&t, dict, kind);
  country_dict_release(dict);
  bool good = !t.failed && tell(o, t.data, t.size, t.count) && allow(o, kind);
  free(t.data);
  return good;
}

/* ---- the process ---- */

static void become(const struct oracle *o) {
  int nowhere = open("/dev/null", O_RDWR);
  dup2(nowhere, STDOUT_FILENO);
  dup2(nowhere, STDERR_FILENO);
  execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", o->path,
         "--save", "", "--databases", "1", "--appendonly", "no", "--daemonize",
         "no", "--dir", o->dir, (char *)NULL);
  _exit(126);
}

bool oracle_start(struct oracle *o) {
  static const char ping[] = "PING\r\n";
  strcpy(o->dir, "/tmp/vt-oracle-XXXXXX");
  if (!mkdtemp(o->dir))
    return false;
  snprintf(o->path, sizeof o->path, "%s/s", o->dir);
  o->pid = fork();
  if (o->pid == 0)
    become(o);
  for (int ms = 0; o->pid > 0 && ms < START_MS; ms += 10) {
    if (tell(o, ping, sizeof ping - 1, 1))
      return true;
    usleep(10000);
  }
  return false;
}

void oracle_stop(struct oracle *o) {
  if (o->pid > 0) {
    kill(o->pid, SIGKILL);
    waitpid(o->pid, NULL, 0);
  }
  unlink(o->path);
  rmdir(o->dir);
}
