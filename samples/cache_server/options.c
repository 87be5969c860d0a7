/* SPDX-License-Identifier: MIT */
/* The table of options, and reading them: what is given is collected as text,
 * the command line first, and each place takes the first text it gets; then all
 * texts, the defaults among them, become values in one pass. */
#include "options.h"

#include <stdlib.h>
#include <string.h>

#include "config_file.h"
#include "option_value.h"

#define ENVIRONMENT "VT_CACHE_SERVER_"
#define HOUR_MS ((uint64_t)3600 * 1000)
#define DAY_MS (24 * HOUR_MS)
#define GIB ((uint64_t)1 << 30)

#define PLACE(member)                                                          \
  offsetof(struct options, member), sizeof(((struct options *)0)->member)
#define TEXT(member) OPTION_TEXT, PLACE(member), 0, 0
#define NUMBER(member, min, max) OPTION_NUMBER, PLACE(member), min, max
#define SIZE(member, min, max) OPTION_SIZE, PLACE(member), min, max
#define TIME(member, min) OPTION_TIME, PLACE(member), min, DAY_MS
#define CHOICE(member) OPTION_CHOICE, PLACE(member), 0, 0

static const struct option table[] = {
    {"config", "FILE", "read options from it, one a line", NULL,
     TEXT(config_path)},
    {"bind", "ADDR[,ADDR]", "numeric addresses to listen on", "127.0.0.1",
     TEXT(bind)},
    {"port", "N", "port to listen on; 0 takes a free one", "7379",
     NUMBER(port, 0, 65535)},
    {"http-port", "N", "port of the HTTP side", NULL,
     NUMBER(http_port, 0, 65535)},
    {"unix-socket", "PATH", "local socket to listen on as well", NULL,
     TEXT(unix_path)},
    {"unix-mode", "MODE", "who may connect to it", "600", OPTION_MODE,
     PLACE(unix_mode), 0, 0777},
    {"db", "DATABASE", "FILE, sqlite:FILE or postgresql://...; must be given",
     NULL, TEXT(db)},
    {"db-look", "TIME",
     "between looks for changes by others in SQLite; 0: none", "1s",
     TIME(db_look_ms, 0)},
    {"import", "CSV", "first replace all countries in the database", NULL,
     TEXT(csv_path)},
    {"password-file", "FILE", "whom AUTH lets in; without it, everybody", NULL,
     TEXT(password_path)},
    {"log", "FILE", "append a line for each command; SIGHUP opens it again",
     NULL, TEXT(log_path)},
    {"log-format", "logfmt|json", "of the lines", "logfmt", CHOICE(log_json)},
    {"loops", "N", "threads with a loop each", "1", NUMBER(loops, 1, 256)},
    {"reuse-port", "no|yes",
     "each loop accepts for itself; no: one for all of them", "yes",
     CHOICE(reuse_port)},
    {"max-clients", "N", "connections at once", "10000",
     NUMBER(server.clients_max, 1, 1000000)},
    {"max-clients-per-address", "N", "the same of one address; 0: all", "0",
     NUMBER(server.address_max, 0, 1000000)},
    {"max-request", "SIZE", "longest argument of a request", "64m",
     SIZE(server.limits.bulk, 1024, GIB / 2)},
    {"max-output", "SIZE", "replies of a client that wait to be read", "256k",
     SIZE(server.output_max, 1024, GIB)},
    {"max-guest-output", "SIZE", "the same before AUTH", "4k",
     SIZE(server.guest_output_max, 256, GIB)},
    {"client-memory", "SIZE", "buffers of all clients together", "128m",
     SIZE(server.held_max, 65536, 1024 * GIB)},
    {"idle-timeout", "TIME", "between two requests; 0: none", "0",
     TIME(server.idle_ms, 0)},
    {"request-timeout", "TIME", "for half a request to become a whole one",
     "30s", TIME(server.stall_ms, 1)},
    {"progress-window", "TIME", "in which the least progress must be made",
     "10s", TIME(server.progress_ms, 1)},
    {"min-progress", "N", "bytes a second, either way; 0: none", "100",
     NUMBER(server.progress_rate, 0, 1000000000)},
    {"keepalive", "TIME", "until a peer that vanished is given up", "60s",
     TIME(server.keepalive_ms, 6000)},
    {"http-head-timeout", "TIME", "for the head of an HTTP request", "10s",
     TIME(server.http.head_ms, 1)},
    {"http-idle-timeout", "TIME", "between two HTTP requests", "60s",
     TIME(server.http.idle_ms, 1)},
    {"drain-timeout", "TIME", "for replies on their way at the end", "2s",
     TIME(server.drain_ms, 1)},
};

enum { COUNT = sizeof table / sizeof *table };

/* Where a value was found. */
struct given {
  const char *text; /* NULL: not given */
  char where[64];   /* "--port ", "VT_CACHE_SERVER_PORT=", "FILE:3: port " */
};

struct reading {
  struct given given[COUNT];
  bool help;
  char *error; /* the caller's */
  size_t size;
};

static const struct option *find(const char *name, size_t size) {
  for (size_t i = 0; i < COUNT; i++)
    if (strlen(table[i].name) == size && memcmp(table[i].name, name, size) == 0)
      return &table[i];
  return NULL;
}

static struct given *given_of(struct reading *r, const struct option *o) {
  return &r->given[o - table];
}

void options_print_usage(FILE *to) {
  fputs("usage: vt-cache-server --db DATABASE [--OPTION VALUE]...\n"
        "Each option may also be a line \"OPTION VALUE\" of the file that "
        "--config names,\nor in the environment, as " ENVIRONMENT "OPTION.\n",
        to);
  for (size_t i = 0; i < COUNT; i++) {
    fprintf(to, "  --%s %s\n      %s", table[i].name, table[i].argument,
            table[i].help);
    if (table[i].standard)
      fprintf(to, "; default %s", table[i].standard);
    putc('\n', to);
  }
}

/* ---- the command line ---- */

static int complain_of_option(struct reading *r, const char *option,
                              const char *what) {
  snprintf(r->error, r->size, "option %s %s; try --help", option, what);
  return UV_EINVAL;
}

static int read_arguments(struct reading *r, int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    const char *name = argv[i];
    const struct option *o = NULL;
    if (strcmp(name, "--help") == 0) {
      r->help = true;
      continue;
    }
    if (strncmp(name, "--", 2) == 0)
      o = find(name + 2, strlen(name + 2));
    if (!o)
      return complain_of_option(r, name, "is unknown");
    struct given *given = given_of(r, o);
    if (given->text)
      return complain_of_option(r, name, "is given twice");
    if (i + 1 == argc || !*argv[i + 1])
      return complain_of_option(r, name, "needs a value");
    given->text = argv[++i];
    snprintf(given->where, sizeof given->where, "%s ", name);
  }
  return 0;
}

/* ---- the environment ---- */

/* "max-clients" from "MAX_CLIENTS=100". */
static const struct option *find_variable(const char *variable, size_t size) {
  char name[32];
  if (size >= sizeof name)
    return NULL;
  for (size_t i = 0; i < size; i++) {
    bool upper = variable[i] >= 'A' && variable[i] <= 'Z';
    if (!upper && variable[i] != '_')
      return NULL;
    name[i] = upper ? (char)(variable[i] - 'A' + 'a') : '-';
  }
  return find(name, size);
}

/* Names that are no option are somebody else's. */
static void read_environment(struct reading *r, char *const *environment) {
  for (; environment && *environment; environment++) {
    const char *variable = *environment;
    size_t start = sizeof ENVIRONMENT - 1, size = strcspn(variable, "=");
    if (strncmp(variable, ENVIRONMENT, start) != 0 || !variable[size] ||
        !variable[size + 1])
      continue;
    const struct option *o = find_variable(variable + start, size - start);
    if (!o || given_of(r, o)->text)
      continue;
    given_of(r, o)->text = variable + size + 1;
    snprintf(given_of(r, o)->where, sizeof given_of(r, o)->where,
             "%.*s=", (int)size, variable);
  }
}

/* ---- the file ---- */

struct file_reading {
  struct reading *r;
  const char *path;
  bool seen[COUNT];
};

static int complain_of_line(struct file_reading *f,
                            const struct config_line *line, const char *what) {
  snprintf(f->r->error, f->r->size, "%s:%zu: %s %s", f->path, line->number,
           line->name, what);
  return UV_EINVAL;
}

static int on_line(void *state, const struct config_line *line) {
  struct file_reading *f = state;
  const struct option *o = find(line->name, strlen(line->name));
  if (!o || o == &table[0]) /* a file names no other file */
    return complain_of_line(f, line, "is unknown");
  if (f->seen[o - table])
    return complain_of_line(f, line, "is given twice");
  if (!*line->value)
    return complain_of_line(f, line, "needs a value");
  f->seen[o - table] = true;
  struct given *given = given_of(f->r, o);
  if (given->text)
    return 0;
  given->text = line->value;
  snprintf(given->where, sizeof given->where, ":%zu: %s ", line->number,
           o->name);
  return 0;
}

static int read_config(struct reading *r, char **out_text) {
  struct file_reading f = {.r = r, .path = r->given[0].text};
  if (!f.path)
    return 0;
  int status = config_file_read(f.path, out_text);
  if (status != 0) {
    snprintf(r->error, r->size, "%s: %s", f.path, vt_strerror(status));
    return status;
  }
  return config_file_each(*out_text, on_line, &f);
}

/* ---- values ---- */

static int complain_of_value(struct reading *r, const struct given *given,
                             const char *what) {
  snprintf(r->error, r->size, "%s%s%s is not %s",
           given->where[0] == ':' ? r->given[0].text : "", given->where,
           given->text, what);
  return UV_EINVAL;
}

static int set_values(struct reading *r, struct options *o) {
  char what[96];
  for (size_t i = 0; i < COUNT; i++) {
    struct given *given = &r->given[i];
    const char *text = given->text ? given->text : table[i].standard;
    if (!text || option_set(&table[i], text, (char *)o + table[i].offset))
      continue;
    option_describe(&table[i], what, sizeof what);
    return complain_of_value(r, given, what);
  }
  o->http = given_of(r, find("http-port", 9))->text != NULL;
  return 0;
}

static bool read_address(const char *text, struct sockaddr_storage *to) {
  return uv_ip4_addr(text, 0, (struct sockaddr_in *)to) == 0 ||
         uv_ip6_addr(text, 0, (struct sockaddr_in6 *)to) == 0;
}

static int read_addresses(struct reading *r, struct options *o) {
  char text[64];
  const char *at = o->bind;
  for (o->address_count = 0; *at;) {
    size_t size = strcspn(at, ",");
    snprintf(text, sizeof text, "%.*s", (int)size, at);
    if (size >= sizeof text || o->address_count == OPTIONS_ADDRESSES_MAX ||
        !read_address(text, &o->addresses[o->address_count]))
      return complain_of_value(r, given_of(r, find("bind", 4)),
                               "a numeric address, or up to eight of them");
    o->address_count++;
    at += size + (at[size] == ',');
  }
  return 0;
}

static int check(struct reading *r, struct options *o) {
  int status = set_values(r, o);
  if (status == 0)
    status = read_addresses(r, o);
  if (status == 0 && !o->db) {
    snprintf(r->error, r->size, "option --db is missing; try --help");
    status = UV_EINVAL;
  }
  return status;
}

int options_read(int argc, char **argv, char *const *environment,
                 struct options *out, char *error, size_t size) {
  struct reading r = {.error = error, .size = size};
  struct options o = {0};
  int status = read_arguments(&r, argc, argv);
  o.help = r.help;
  if (status == 0 && !o.help) {
    read_environment(&r, environment);
    status = read_config(&r, &o.file);
    if (status == 0)
      status = check(&r, &o);
  }
  if (status == 0)
    *out = o;
  else
    options_free(&o);
  return status;
}

void options_free(struct options *o) {
  free(o->file);
  o->file = NULL;
}
