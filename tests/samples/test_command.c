/* SPDX-License-Identifier: MIT */
/* The cache server's commands, in the words of redis-server 7.0. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "samples/site.h"
#include "support/net.h"

#define WRONG_TYPE                                                             \
  "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"
#define SYNTAX "-ERR syntax error\r\n"
#define NOT_INTEGER "-ERR value is not an integer or out of range\r\n"

/* ---- keys and texts ---- */

static void keys_have_a_type_and_no_end(void **state) {
  static const struct site_exchange session[] = {
      {"TYPE country:DE\r\n", "+hash\r\n"},
      {"TYPE countries\r\n", "+string\r\n"},
      {"TYPE nothing\r\n", "+none\r\n"},
      {"TTL country:DE\r\n", ":-1\r\n"},
      {"PTTL countries\r\n", ":-1\r\n"},
      {"EXPIRETIME country:276\r\n", ":-1\r\n"},
      {"PEXPIRETIME nothing\r\n", ":-2\r\n"},
      {"TTL nothing\r\n", ":-2\r\n"},
      {"TTL\r\n", "-ERR wrong number of arguments for 'ttl' command\r\n"},
      {"MEMORY USAGE nothing\r\n", "$-1\r\n"},
      {"MEMORY USAGE country:DE FOO 1\r\n", SYNTAX},
      {"MEMORY USAGE country:DE SAMPLES -1\r\n", SYNTAX},
      {"MEMORY USAGE country:DE SAMPLES x\r\n", NOT_INTEGER},
      {"MEMORY FOO\r\n", "-ERR unknown subcommand 'FOO'. Try MEMORY HELP.\r\n"},
  };
  SITE_PLAYS(*state, session);
}

static void texts_are_measured_and_cut(void **state) {
  static const struct site_exchange session[] = {
      {"STRLEN country:DE\r\n", ":7\r\n"},
      {"STRLEN nothing\r\n", ":0\r\n"},
      {"GETRANGE country:DE 0 -1\r\n", "$7\r\nGermany\r\n"},
      {"SUBSTR country:DE 1 2\r\n", "$2\r\ner\r\n"},
      {"GETRANGE country:DE -3 100\r\n", "$3\r\nany\r\n"},
      {"GETRANGE country:DE -100 2\r\n", "$3\r\nGer\r\n"},
      {"GETRANGE country:DE -100 -99\r\n", "$1\r\nG\r\n"},
      {"GETRANGE country:DE -1 -3\r\n", "$0\r\n\r\n"},
      {"GETRANGE country:DE 7 9\r\n", "$0\r\n\r\n"},
      {"GETRANGE country:DE -9223372036854775808 9223372036854775807\r\n",
       "$7\r\nGermany\r\n"},
      {"GETRANGE country:DE 9223372036854775808 0\r\n", NOT_INTEGER},
      {"GETRANGE country:DE 01 2\r\n", NOT_INTEGER},
      {"GETRANGE country:DE -0 2\r\n", NOT_INTEGER},
      {"GETRANGE nothing 0 1\r\n", "$0\r\n\r\n"},
      {"GETRANGE countries 0 8\r\n", "$9\r\n{\"4\":\"Afg\r\n"},
  };
  SITE_PLAYS(*state, session);
}

static void hashes_are_asked_by_field(void **state) {
  static const struct site_exchange session[] = {
      {"HLEN country:DE\r\n", ":6\r\n"},
      {"HLEN nothing\r\n", ":0\r\n"},
      {"HEXISTS country:DE flag\r\n", ":1\r\n"},
      {"HEXISTS country:DE capital\r\n", ":0\r\n"},
      {"HEXISTS nothing name\r\n", ":0\r\n"},
      {"HSTRLEN country:DE numeric\r\n", ":3\r\n"},
      {"HSTRLEN country:DE capital\r\n", ":0\r\n"},
      {"HMGET country:DE numeric capital name\r\n",
       "*3\r\n$3\r\n276\r\n$-1\r\n$7\r\nGermany\r\n"},
      {"HMGET nothing a b\r\n", "*2\r\n$-1\r\n$-1\r\n"},
      {"HKEYS country:DE\r\n",
       "*6\r\n$7\r\nnumeric\r\n$7\r\nalpha_2\r\n$7\r\nalpha_3\r\n"
       "$4\r\nname\r\n$13\r\nofficial_name\r\n$4\r\nflag\r\n"},
      {"HVALS country:AQ\r\n",
       "*6\r\n$2\r\n10\r\n$2\r\nAQ\r\n$3\r\nATA\r\n$10\r\nAntarctica\r\n"
       "$0\r\n\r\n$8\r\n\xf0\x9f\x87\xa6\xf0\x9f\x87\xb6\r\n"},
      {"HKEYS nothing\r\n", "*0\r\n"},
      {"HLEN countries\r\n", WRONG_TYPE},
      {"HMGET countries name\r\n", WRONG_TYPE},
      {"HVALS countries\r\n", WRONG_TYPE},
  };
  SITE_PLAYS(*state, session);
}

static void a_scan_goes_on_by_numbers(void **state) {
  static const struct site_exchange session[] = {
      {"SCAN 0 COUNT 3\r\n",
       "*2\r\n$2\r\n12\r\n*3\r\n$9\r\ncountry:4\r\n$9\r\ncountry:8\r\n"
       "$10\r\ncountry:10\r\n"},
      {"SCAN 12 count 2 MATCH *6\r\n",
       "*2\r\n$2\r\n20\r\n*1\r\n$10\r\ncountry:16\r\n"},
      {"SCAN 0 COUNT 1000 TYPE string\r\n",
       "*2\r\n$1\r\n0\r\n*1\r\n$9\r\ncountries\r\n"},
      {"SCAN 890 TYPE hash\r\n",
       "*2\r\n$1\r\n0\r\n*1\r\n$11\r\ncountry:894\r\n"},
      {"SCAN 2147483648\r\n", "*2\r\n$1\r\n0\r\n*1\r\n$9\r\ncountries\r\n"},
      {"SCAN 2147483649\r\n", "*2\r\n$1\r\n0\r\n*0\r\n"},
      {"SCAN 0 TYPE list\r\n", "*2\r\n$2\r\n36\r\n*0\r\n"},
      {"SCAN -1\r\n", "*2\r\n$1\r\n0\r\n*0\r\n"},
      {"SCAN x\r\n", "-ERR invalid cursor\r\n"},
      {"SCAN 18446744073709551616\r\n", "-ERR invalid cursor\r\n"},
      {"SCAN 0 COUNT 0\r\n", SYNTAX},
      {"SCAN 0 COUNT x\r\n", NOT_INTEGER},
      {"SCAN 0 MATCH\r\n", SYNTAX},
      {"SCAN 0 FOO 1\r\n", SYNTAX},
  };
  SITE_PLAYS(*state, session);
}

/* ---- the protocol ---- */

#define HELLO_END                                                              \
  "$2\r\nid\r\n:1\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n"        \
  "$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n"
#define HELLO_BEGIN                                                            \
  "$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n"           \
  "$5\r\nproto\r\n"

static void a_version_is_agreed_on(void **state) {
  static const struct site_exchange session[] = {
      {"HELLO\r\n", "*14\r\n" HELLO_BEGIN ":2\r\n" HELLO_END},
      {"GET nothing\r\n", "$-1\r\n"},
      {"HELLO 3 SETNAME me\r\n", "%7\r\n" HELLO_BEGIN ":3\r\n" HELLO_END},
      {"CLIENT GETNAME\r\n", "$2\r\nme\r\n"},
      {"GET nothing\r\n", "_\r\n"},
      {"MGET nothing country:DE\r\n", "*2\r\n_\r\n$7\r\nGermany\r\n"},
      {"HGETALL nothing\r\n", "%0\r\n"},
      {"CONFIG GET databases\r\n", "%1\r\n$9\r\ndatabases\r\n$1\r\n1\r\n"},
      {"INFO modules\r\n", "=15\r\ntxt:# Modules\r\n\r\n"},
      {"COMMAND INFO nothing\r\n", "*1\r\n_\r\n"},
      {"COMMAND DOCS nothing\r\n", "%0\r\n"},
      {"CLIENT LIST TYPE pubsub\r\n", "=4\r\ntxt:\r\n"},
      {"HELLO 4\r\n", "-NOPROTO unsupported protocol version\r\n"},
      {"HELLO x\r\n",
       "-ERR Protocol version is not an integer or out of range\r\n"},
      {"HELLO 2 SETNAME\r\n",
       "-ERR Syntax error in HELLO option 'SETNAME'\r\n"},
      {"HELLO 2 AUTH default\r\n",
       "-ERR Syntax error in HELLO option 'AUTH'\r\n"},
      {"HELLO 2 FLY\r\n", "-ERR Syntax error in HELLO option 'FLY'\r\n"},
      {"HELLO 2 SETNAME \"a b\"\r\n",
       "-ERR Client names cannot contain spaces, newlines or special "
       "characters.\r\n"},
      {"GET nothing\r\n", "_\r\n"},
      {"RESET\r\n", "+RESET\r\n"},
      {"GET nothing\r\n", "$-1\r\n"},
      {"CLIENT GETNAME\r\n", "$-1\r\n"},
  };
  SITE_PLAYS(*state, session);
}

static void a_hash_is_a_map_in_resp3(void **state) {
  static const struct site_exchange session[] = {
      {"HELLO 3\r\n", "%7\r\n" HELLO_BEGIN ":3\r\n" HELLO_END},
      {"HGETALL country:AQ\r\n",
       "%6\r\n$7\r\nnumeric\r\n$2\r\n10\r\n$7\r\nalpha_2\r\n$2\r\nAQ\r\n"
       "$7\r\nalpha_3\r\n$3\r\nATA\r\n$4\r\nname\r\n$10\r\nAntarctica\r\n"
       "$13\r\nofficial_name\r\n$0\r\n\r\n"
       "$4\r\nflag\r\n$8\r\n\xf0\x9f\x87\xa6\xf0\x9f\x87\xb6\r\n"},
      {"COMMAND INFO get\r\n",
       "*1\r\n*10\r\n$3\r\nget\r\n:2\r\n~2\r\n+readonly\r\n+fast\r\n:1\r\n:1"
       "\r\n:1\r\n~3\r\n+@read\r\n+@string\r\n+@fast\r\n~0\r\n~1\r\n%3\r\n"
       "$5\r\nflags\r\n~2\r\n+RO\r\n+access\r\n$12\r\nbegin_search\r\n%2\r\n"
       "$4\r\ntype\r\n$5\r\nindex\r\n$4\r\nspec\r\n%1\r\n$5\r\nindex\r\n:1\r\n"
       "$9\r\nfind_keys\r\n%2\r\n$4\r\ntype\r\n$5\r\nrange\r\n$4\r\nspec\r\n"
       "%3\r\n$7\r\nlastkey\r\n:0\r\n$7\r\nkeystep\r\n:1\r\n$5\r\nlimit\r\n"
       ":0\r\n~0\r\n"},
  };
  SITE_PLAYS(*state, session);
}

static void each_type_can_be_asked_for(void **state) {
  static const struct site_exchange session[] = {
      {"DEBUG PROTOCOL string\r\n", "$11\r\nHello World\r\n"},
      {"DEBUG PROTOCOL integer\r\n", ":12345\r\n"},
      {"DEBUG PROTOCOL double\r\n", "$5\r\n3.141\r\n"},
      {"DEBUG PROTOCOL array\r\n", "*3\r\n:0\r\n:1\r\n:2\r\n"},
      {"DEBUG PROTOCOL map\r\n", "*6\r\n:0\r\n:0\r\n:1\r\n:1\r\n:2\r\n:0\r\n"},
      {"DEBUG PROTOCOL push\r\n",
       "-ERR RESP2 is not supported by this command\r\n"},
      {"HELLO 3\r\n", "%7\r\n" HELLO_BEGIN ":3\r\n" HELLO_END},
      {"DEBUG PROTOCOL double\r\n", ",3.141\r\n"},
      {"DEBUG PROTOCOL set\r\n", "~3\r\n:0\r\n:1\r\n:2\r\n"},
      {"DEBUG PROTOCOL map\r\n", "%3\r\n:0\r\n#f\r\n:1\r\n#t\r\n:2\r\n#f\r\n"},
      {"DEBUG PROTOCOL true\r\n", "#t\r\n"},
      {"DEBUG PROTOCOL null\r\n", "_\r\n"},
      {"DEBUG PROTOCOL verbatim\r\n",
       "=29\r\ntxt:This is a verbatim\nstring\r\n"},
      {"DEBUG PROTOCOL push\r\n",
       ">2\r\n$16\r\nserver-cpu-usage\r\n:42\r\n"
       "$40\r\nSome real reply following the push reply\r\n"},
      {"DEBUG PROTOCOL bits\r\n",
       "-ERR Wrong protocol type name. Please use one of the following: "
       "string|integer|double|null|array|set|map|push|verbatim|true|false"
       "\r\n"},
  };
  SITE_PLAYS(*state, session);
}

/* ---- the connection ---- */

static void replies_can_be_left_out(void **state) {
  static const struct site_exchange session[] = {
      {"CLIENT REPLY SKIP\r\nPING a\r\nPING b\r\n", "$1\r\nb\r\n"},
      {"CLIENT REPLY SKIP\r\nGET countries\r\nPING\r\n", "+PONG\r\n"},
      {"CLIENT REPLY SKIP\r\nKEYS *\r\nPING\r\n", "+PONG\r\n"},
      {"PING a\r\nCLIENT REPLY OFF\r\nPING b\r\nFLY\r\nGET countries\r\n"
       "CLIENT REPLY SKIP\r\nPING c\r\nPING d\r\nCLIENT REPLY ON\r\n",
       "$1\r\na\r\n+OK\r\n"},
      {"CLIENT REPLY maybe\r\n", SYNTAX},
      {"PING\r\n", "+PONG\r\n"},
      {"CLIENT REPLY OFF\r\nPING\r\nRESET\r\n", "+RESET\r\n"},
  };
  SITE_PLAYS(*state, session);
}

static void clients_are_told_apart_and_ended(void **state) {
  struct site *s = *state;
  assert_true(site_start(s, NULL, NULL));
  int first = site_connect(s);
  assert_true(site_says(first, "CLIENT ID\r\n", ":1\r\n"));
  int second = site_connect(s);
  assert_true(site_says(second, "CLIENT ID\r\n", ":2\r\n"));
  assert_true(site_says(second, "CLIENT LIST ID 7\r\n", "$0\r\n\r\n"));
  assert_true(
      site_says(second, "CLIENT LIST ID x\r\n", "-ERR Invalid client ID\r\n"));
  assert_true(site_says(second, "CLIENT LIST TYPE x\r\n",
                        "-ERR Unknown client type 'x'\r\n"));
  assert_true(site_says(second, "CLIENT KILL 1.2.3.4:5\r\n",
                        "-ERR No such client\r\n"));
  assert_true(site_says(second, "CLIENT KILL ID 0\r\n",
                        "-ERR client-id should be greater than 0\r\n"));
  assert_true(site_says(second, "CLIENT KILL USER bob\r\n",
                        "-ERR No such user 'bob'\r\n"));
  assert_true(site_says(second, "CLIENT KILL TYPE pubsub\r\n", ":0\r\n"));
  assert_true(site_says(second, "CLIENT KILL SKIPME maybe\r\n", SYNTAX));
  assert_true(site_says(second, "CLIENT KILL ID 1 ADDR\r\n", SYNTAX));
  assert_true(site_says(second, "CLIENT KILL ID 1\r\n", ":1\r\n"));
  assert_true(site_is_closed(first));
  assert_true(site_says(second, "CLIENT KILL ID 2\r\n", ":0\r\n"));
  assert_true(site_says(second, "CLIENT KILL ID 2 SKIPME no\r\n", ":1\r\n"));
  assert_true(site_is_closed(second));
  assert_true(site_serves(s));
  close(first);
  close(second);
  assert_int_equal(site_stop(s, 15), 0);
}

static void a_client_is_listed_with_what_it_said(void **state) {
  struct site *s = *state;
  char got[600] = "";
  assert_true(site_start(s, NULL, NULL));
  int fd = site_connect(s);
  assert_true(site_says(fd, "CLIENT SETNAME me\r\n", "+OK\r\n"));
  assert_true(site_says(fd, "CLIENT SETINFO lib-name mine\r\n", "+OK\r\n"));
  assert_true(site_says(fd, "CLIENT SETINFO LIB-VER 1.2\r\n", "+OK\r\n"));
  assert_true(site_says(fd, "CLIENT SETINFO color red\r\n",
                        "-ERR Unrecognized option 'color'\r\n"));
  assert_true(site_says(fd, "CLIENT NO-EVICT on\r\n", "+OK\r\n"));
  assert_true(net_send(fd, "CLIENT LIST\r\n", 13));
  assert_true(net_recv(fd, got, 200) == 200);
  assert_non_null(strstr(got, "\r\nid=1 addr=127.0.0.1:"));
  assert_non_null(strstr(got, " name=me "));
  assert_non_null(strstr(got, " flags=e "));
  close(fd);
  assert_int_equal(site_stop(s, 15), 0);
}

static void clients_of_all_loops_are_one_crowd(void **state) {
  struct site *s = *state;
  enum { CLIENTS = 7 };
  const char *const options[] = {"--port",  "0", "--db", s->db,
                                 "--loops", "3", NULL};
  int fds[CLIENTS];
  assert_true(site_run(s, options));
  for (size_t i = 0; i < CLIENTS; i++) {
    fds[i] = site_connect(s);
    assert_true(
        site_says(fds[i], "GET country:4\r\n", "$11\r\nAfghanistan\r\n"));
  }
  assert_true(site_says(fds[0], "SET country:4 x\r\n", "+OK\r\n"));
  for (size_t i = 0; i < CLIENTS; i++)
    assert_true(site_says(fds[i], "GET country:4\r\n", "$1\r\nx\r\n"));
  assert_true(site_says(fds[0], "CLIENT LIST ID 99 98\r\n", "$0\r\n\r\n"));
  assert_true(site_says(fds[0], "CLIENT KILL ID 99\r\n", ":0\r\n"));
  assert_true(site_says(fds[0], "CLIENT KILL TYPE normal\r\n", ":6\r\n"));
  for (size_t i = 1; i < CLIENTS; i++) {
    assert_true(site_is_closed(fds[i]));
    close(fds[i]);
  }
  assert_true(site_serves(s));
  assert_true(net_send(fds[0], "SHUTDOWN\r\n", 10));
  assert_true(site_is_closed(fds[0]));
  close(fds[0]);
  assert_int_equal(site_wait(s), 0);
}

/* ---- the server ---- */

static void commands_describe_themselves(void **state) {
  static const struct site_exchange session[] = {
      {"COMMAND COUNT x\r\n",
       "-ERR wrong number of arguments for 'command|count' command\r\n"},
      {"COMMAND GETKEYS get x\r\n", "*1\r\n$1\r\nx\r\n"},
      {"COMMAND GETKEYS mget a b\r\n", "*2\r\n$1\r\na\r\n$1\r\nb\r\n"},
      {"COMMAND GETKEYS memory usage k\r\n", "*1\r\n$1\r\nk\r\n"},
      {"COMMAND GETKEYS foo bar\r\n", "-ERR Invalid command specified\r\n"},
      {"COMMAND GETKEYS ping x\r\n",
       "-ERR The command has no key arguments\r\n"},
      {"COMMAND GETKEYS get a b\r\n",
       "-ERR Invalid number of arguments specified for command\r\n"},
      {"COMMAND LIST FILTERBY PATTERN dbs*\r\n", "*1\r\n$6\r\ndbsize\r\n"},
      {"COMMAND LIST FILTERBY MODULE x\r\n", "*0\r\n"},
      {"COMMAND LIST x\r\n", SYNTAX},
      {"COMMAND DOCS dbsize\r\n",
       "*2\r\n$6\r\ndbsize\r\n*6\r\n$7\r\nsummary\r\n$50\r\nReturn the number "
       "of keys in the selected database\r\n$5\r\nsince\r\n$5\r\n1.0.0\r\n"
       "$5\r\ngroup\r\n$6\r\nserver\r\n"},
      {"CONFIG HELP\r\n",
       "*5\r\n+CONFIG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"
       "\r\n+GET\r\n+    Get the values of configuration parameters\r\n+HELP"
       "\r\n+    Show what the subcommands are for\r\n"},
      {"CLIENT\r\n", "-ERR wrong number of arguments for 'client' command\r\n"},
      {"CLIENT SETNAME\r\n",
       "-ERR wrong number of arguments for 'client|setname' command\r\n"},
      {"ROLE\r\n", "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n"},
      {"INFO nothing\r\n", "$0\r\n\r\n"},
      {"INFO modules\r\n", "$11\r\n# Modules\r\n\r\n"},
      {"INFO cluster modules\r\n",
       "$43\r\n# Modules\r\n\r\n# Cluster\r\ncluster_enabled:0\r\n\r\n"},
  };
  SITE_PLAYS(*state, session);
}

static void a_client_may_end_the_server(void **state) {
  struct site *s = *state;
  assert_true(site_start(s, NULL, NULL));
  int fd = site_connect(s);
  assert_true(site_says(fd, "SHUTDOWN now save nosave\r\n", SYNTAX));
  assert_true(site_says(fd, "SHUTDOWN x\r\n", SYNTAX));
  assert_true(
      site_says(fd, "SHUTDOWN ABORT\r\n", "-ERR No shutdown in progress.\r\n"));
  assert_true(net_send(fd, "SHUTDOWN NOSAVE NOW\r\n", 21));
  assert_true(site_is_closed(fd));
  close(fd);
  assert_int_equal(site_wait(s), 0);
  assert_string_equal(site_errors(s), "");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      site_test(keys_have_a_type_and_no_end),
      site_test(texts_are_measured_and_cut),
      site_test(hashes_are_asked_by_field),
      site_test(a_scan_goes_on_by_numbers),
      site_test(a_version_is_agreed_on),
      site_test(a_hash_is_a_map_in_resp3),
      site_test(each_type_can_be_asked_for),
      site_test(replies_can_be_left_out),
      site_test(clients_are_told_apart_and_ended),
      site_test(a_client_is_listed_with_what_it_said),
      site_test(clients_of_all_loops_are_one_crowd),
      site_test(commands_describe_themselves),
      site_test(a_client_may_end_the_server),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
