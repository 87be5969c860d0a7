/* SPDX-License-Identifier: MIT */
/* Reads the command line: options with a value each, in any order. */
#include "options.h"

#include <string.h>

#define DEFAULT_BIND "127.0.0.1"
#define DEFAULT_PORT "7379"

struct values {
  const char *bind, *port, *db, *import, *log;
  bool help;
  const char *option, *wrong; /* the one that is not good; NULL: all are */
};

struct option {
  const char *name;
  size_t offset;
};

static const struct option known[] = {
    {"--bind", offsetof(struct values, bind)},
    {"--port", offsetof(struct values, port)},
    {"--db", offsetof(struct values, db)},
    {"--import", offsetof(struct values, import)},
    {"--log", offsetof(struct values, log)},
};

void options_print_usage(FILE *to) {
  fputs("usage: vt-cache-server [--bind ADDR] [--port N] --db FILE"
        " [--import CSV] [--log FILE]\n"
        "  --bind ADDR   numeric address to listen on, default " DEFAULT_BIND
        "\n"
        "  --port N      port to listen on, default " DEFAULT_PORT
        ", 0 takes a free one\n"
        "  --db FILE     SQLite database with the table country\n"
        "  --import CSV  first replace all countries in the database\n"
        "  --log FILE    append a line for each command\n",
        to);
}

static const char **find(struct values *v, const char *name) {
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (strcmp(known[i].name, name) == 0)
      return (const char **)(void *)((char *)v + known[i].offset);
  return NULL;
}

static void split(int argc, char **argv, struct values *v) {
  for (int i = 1; i < argc && !v->wrong; i++) {
    const char **value = find(v, argv[i]);
    v->option = argv[i];
    if (strcmp(argv[i], "--help") == 0)
      v->help = true;
    else if (!value)
      v->wrong = "is unknown";
    else if (*value)
      v->wrong = "is given twice";
    else if (i + 1 == argc || !*argv[i + 1])
      v->wrong = "needs a value";
    else
      *value = argv[++i];
  }
}

/* -1 for what is not a number from 0 to 65535. */
static int read_port(const char *text) {
  int port = 0;
  for (; *text; text++) {
    if (*text < '0' || *text > '9')
      return -1;
    port = 10 * port + (*text - '0');
    if (port > 65535)
      return -1;
  }
  return port;
}

static int read_address(struct options *o) {
  struct sockaddr_in *v4 = (struct sockaddr_in *)&o->address;
  struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&o->address;
  if (uv_ip4_addr(o->bind, o->port, v4) == 0)
    return 0;
  return uv_ip6_addr(o->bind, o->port, v6);
}

int options_read(int argc, char **argv, struct options *out, char *error,
                 size_t size) {
  struct values v = {0};
  struct options o = {0};
  split(argc, argv, &v);
  o.help = v.help;
  o.bind = v.bind ? v.bind : DEFAULT_BIND;
  o.port = read_port(v.port ? v.port : DEFAULT_PORT);
  o.db_path = v.db;
  o.csv_path = v.import;
  o.log_path = v.log;
  if (v.wrong)
    snprintf(error, size, "option %s %s; try --help", v.option, v.wrong);
  else if (!o.db_path && !o.help)
    snprintf(error, size, "option --db is missing; try --help");
  else if (o.port < 0)
    snprintf(error, size, "--port %s is not a number from 0 to 65535", v.port);
  else if (read_address(&o) != 0)
    snprintf(error, size, "--bind %s is not a numeric address", o.bind);
  else {
    *out = o;
    return 0;
  }
  return UV_EINVAL;
}
