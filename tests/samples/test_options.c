/* SPDX-License-Identifier: MIT */
/* The options of the cache server: from the command line, the environment and a
 * file, what they may be, and what is said when they are wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cache_server/options.h"

/* ---- helpers ---- */

struct desk {
  char file[64];
  char error[256];
  struct options options;
};

static int set_up(void **state) {
  struct desk *d = calloc(1, sizeof *d);
  if (!d)
    return -1;
  strcpy(d->file, "/tmp/vt-options-XXXXXX");
  int fd = mkstemp(d->file);
  if (fd < 0)
    return -1;
  close(fd);
  *state = d;
  return 0;
}

static int tear_down(void **state) {
  struct desk *d = *state;
  options_free(&d->options);
  unlink(d->file);
  free(d);
  return 0;
}

static void write_file(const struct desk *d, const char *text, size_t size) {
  FILE *file = fopen(d->file, "w");
  assert_non_null(file);
  assert_int_equal(fwrite(text, 1, size, file), size);
  assert_int_equal(fclose(file), 0);
}

/* Lists end in NULL. */
static int read_options(struct desk *d, const char *const *arguments,
                        const char *const *environment) {
  int argc = 0;
  options_free(&d->options);
  d->error[0] = '\0';
  while (arguments[argc])
    argc++;
  return options_read(argc, (char **)(uintptr_t)arguments,
                      (char *const *)(uintptr_t)environment, &d->options,
                      d->error, sizeof d->error);
}

#define LIST(...)                                                              \
  (const char *const[]) { "server", __VA_ARGS__, NULL }
#define VARIABLES(...)                                                         \
  (const char *const[]) { __VA_ARGS__, NULL }

static void refuses(struct desk *d, const char *const *arguments,
                    const char *const *environment, const char *wanted) {
  assert_int_equal(read_options(d, arguments, environment), UV_EINVAL);
  assert_string_equal(d->error, wanted);
}

/* ---- it reads ---- */

static void what_is_not_given_has_its_default(void **state) {
  struct desk *d = *state;
  const struct options *o = &d->options;
  assert_int_equal(read_options(d, LIST("--db", "x"), NULL), 0);
  assert_string_equal(o->db, "x");
  assert_string_equal(o->bind, "127.0.0.1");
  assert_int_equal(o->port, 7379);
  assert_false(o->http);
  assert_null(o->log_path);
  assert_null(o->unix_path);
  assert_int_equal(o->unix_mode, 0600);
  assert_int_equal(o->loops, 1);
  assert_true(o->reuse_port);
  assert_false(o->log_json);
  assert_int_equal(o->server.clients_max, 10000);
  assert_int_equal(o->server.limits.bulk, 64 << 20);
  assert_int_equal(o->server.stall_ms, 30000);
  assert_int_equal(o->server.idle_ms, 0);
}

static void values_have_units(void **state) {
  struct desk *d = *state;
  const struct server_options *s = &d->options.server;
  assert_int_equal(
      read_options(d,
                   LIST("--db", "x", "--max-output", "64k", "--client-memory",
                        "1g", "--idle-timeout", "250ms", "--request-timeout",
                        "2", "--keepalive", "2m", "--drain-timeout", "1h",
                        "--unix-mode", "0660", "--log-format", "json",
                        "--reuse-port", "no", "--http-port", "0"),
                   NULL),
      0);
  assert_int_equal(s->output_max, 65536);
  assert_int_equal(s->held_max, 1 << 30);
  assert_int_equal(s->idle_ms, 250);
  assert_int_equal(s->stall_ms, 2000);
  assert_int_equal(s->keepalive_ms, 120000);
  assert_int_equal(s->drain_ms, 3600000);
  assert_int_equal(d->options.unix_mode, 0660);
  assert_true(d->options.log_json);
  assert_false(d->options.reuse_port);
  assert_true(d->options.http);
}

static void the_nearest_source_counts(void **state) {
  struct desk *d = *state;
  static const char text[] = "# a comment\n"
                             "\n"
                             "  db \t /a path/with # in it \r\n"
                             "port 1\n"
                             "max-clients 1\n"
                             "loops 2";
  write_file(d, text, sizeof text - 1);
  assert_int_equal(
      read_options(d, LIST("--config", d->file, "--port", "3"),
                   VARIABLES("VT_CACHE_SERVER_PORT=2",
                             "VT_CACHE_SERVER_MAX_CLIENTS=2",
                             "VT_CACHE_SERVER_LOG=", "VT_CACHE_SERVER=x",
                             "VT_CACHE_SERVER_HOME=/", "PORT=9")),
      0);
  assert_string_equal(d->options.db, "/a path/with # in it");
  assert_int_equal(d->options.port, 3);
  assert_int_equal(d->options.server.clients_max, 2);
  assert_int_equal(d->options.loops, 2);
  assert_null(d->options.log_path);
}

static void the_environment_may_name_the_file(void **state) {
  struct desk *d = *state;
  char variable[96];
  write_file(d, "db y\n", 5);
  snprintf(variable, sizeof variable, "VT_CACHE_SERVER_CONFIG=%s", d->file);
  assert_int_equal(read_options(d, LIST("--port", "0"), VARIABLES(variable)),
                   0);
  assert_string_equal(d->options.db, "y");
}

static void several_addresses_are_read(void **state) {
  struct desk *d = *state;
  struct options *o = &d->options;
  assert_int_equal(
      read_options(d, LIST("--db", "x", "--bind", "127.0.0.1,::1,10.0.0.1"),
                   NULL),
      0);
  assert_int_equal(o->address_count, 3);
  assert_int_equal(o->addresses[0].ss_family, AF_INET);
  assert_int_equal(o->addresses[1].ss_family, AF_INET6);
  assert_int_equal(o->addresses[2].ss_family, AF_INET);
}

static void help_needs_nothing_and_lists_all(void **state) {
  struct desk *d = *state;
  char *text = NULL;
  size_t size = 0;
  assert_int_equal(read_options(d, LIST("--help"), NULL), 0);
  assert_true(d->options.help);
  FILE *out = open_memstream(&text, &size);
  assert_non_null(out);
  options_print_usage(out);
  fclose(out);
  assert_non_null(strstr(text, "  --port N\n"));
  assert_non_null(strstr(text, "  --drain-timeout TIME\n"));
  for (const char *at = text; *at; at += strcspn(at, "\n") + 1)
    assert_true(strcspn(at, "\n") <= 80);
  free(text);
}

/* ---- it refuses ---- */

static void the_command_line_is_checked(void **state) {
  struct desk *d = *state;
  refuses(d, LIST("--port", "0"), NULL, "option --db is missing; try --help");
  refuses(d, LIST("--fast"), NULL, "option --fast is unknown; try --help");
  refuses(d, LIST("port", "0"), NULL, "option port is unknown; try --help");
  refuses(d, LIST("--db"), NULL, "option --db needs a value; try --help");
  refuses(d, LIST("--db", ""), NULL, "option --db needs a value; try --help");
  refuses(d, LIST("--db", "x", "--db", "y"), NULL,
          "option --db is given twice; try --help");
}

static void values_are_checked(void **state) {
  static const struct {
    const char *option, *value, *what;
  } wrong[] = {
      {"--port", "70000", "a number from 0 to 65535"},
      {"--port", "-1", "a number from 0 to 65535"},
      {"--port", "1x", "a number from 0 to 65535"},
      {"--port", " 1", "a number from 0 to 65535"},
      {"--port", "18446744073709551617", "a number from 0 to 65535"},
      {"--loops", "0", "a number from 1 to 256"},
      {"--max-output", "1", "a size from 1k to 1g"},
      {"--max-output", "18446744073709551615g", "a size from 1k to 1g"},
      {"--keepalive", "5s", "a time from 6s to 24h"},
      {"--keepalive", "1d", "a time from 6s to 24h"},
      {"--unix-mode", "888", "a mode from 0 to 777"},
      {"--unix-mode", "1777", "a mode from 0 to 777"},
      {"--log-format", "xml", "logfmt|json"},
      {"--log-format", "log", "logfmt|json"},
      {"--reuse-port", "maybe", "no|yes"},
      {"--bind", "here", "a numeric address, or up to eight of them"},
      {"--bind", "::1,,::1", "a numeric address, or up to eight of them"},
  };
  struct desk *d = *state;
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    char wanted[160];
    snprintf(wanted, sizeof wanted, "%s %s is not %s", wrong[i].option,
             wrong[i].value, wrong[i].what);
    refuses(d, LIST("--db", "x", wrong[i].option, wrong[i].value), NULL,
            wanted);
  }
}

static void the_environment_is_checked(void **state) {
  refuses(*state, LIST("--db", "x"), VARIABLES("VT_CACHE_SERVER_PORT=tcp"),
          "VT_CACHE_SERVER_PORT=tcp is not a number from 0 to 65535");
}

static void the_file_is_checked(void **state) {
  static const struct {
    const char *text, *error;
  } wrong[] = {
      {"\nport x\n", ":2: port x is not a number from 0 to 65535"},
      {"port 1\n#\nport 2\n", ":3: port is given twice"},
      {"fast 1\n", ":1: fast is unknown"},
      {"--port 1\n", ":1: --port is unknown"},
      {"help\n", ":1: help is unknown"},
      {"config x\n", ":1: config is unknown"},
      {"port\n", ":1: port needs a value"},
      {"port  \t\n", ":1: port needs a value"},
  };
  struct desk *d = *state;
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    char wanted[160];
    write_file(d, wrong[i].text, strlen(wrong[i].text));
    snprintf(wanted, sizeof wanted, "%s%s", d->file, wrong[i].error);
    refuses(d, LIST("--db", "x", "--config", d->file), NULL, wanted);
  }
}

static void a_file_that_is_none_is_refused(void **state) {
  struct desk *d = *state;
  size_t size = 1024 * 1024 + 1;
  char *text = calloc(1, size);
  assert_non_null(text);
  assert_int_equal(read_options(d, LIST("--config", "/nowhere/x"), NULL),
                   UV_ENOENT);
  assert_string_equal(d->error, "/nowhere/x: no such file or directory");
  assert_int_equal(read_options(d, LIST("--config", "/tmp"), NULL), UV_EISDIR);
  write_file(d, "db\0x", 4);
  assert_int_equal(read_options(d, LIST("--config", d->file), NULL), UV_EILSEQ);
  memset(text, '\n', size);
  write_file(d, text, size);
  assert_int_equal(read_options(d, LIST("--config", d->file), NULL), UV_EFBIG);
  free(text);
}

#define desk_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      desk_test(what_is_not_given_has_its_default),
      desk_test(values_have_units),
      desk_test(the_nearest_source_counts),
      desk_test(the_environment_may_name_the_file),
      desk_test(several_addresses_are_read),
      desk_test(help_needs_nothing_and_lists_all),
      desk_test(the_command_line_is_checked),
      desk_test(values_are_checked),
      desk_test(the_environment_is_checked),
      desk_test(the_file_is_checked),
      desk_test(a_file_that_is_none_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
