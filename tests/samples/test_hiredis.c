/* SPDX-License-Identifier: MIT */
/* hiredis against the cache server, used as its users do: blocking calls,
 * pipelines, and its asynchronous calls on a libuv loop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <hiredis/adapters/libuv.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <string.h>

#include "samples/site.h"

/* ---- helpers ---- */

static redisContext *start(struct site *s) {
  assert_true(site_start(s, NULL, NULL));
  redisContext *c = redisConnect("127.0.0.1", s->port);
  assert_non_null(c);
  assert_int_equal(c->err, 0);
  return c;
}

static void stop(struct site *s, redisContext *c) {
  redisFree(c);
  assert_int_equal(site_stop(s, SIGTERM), 0);
}

/* Asserts a reply's type and text, and frees it. */
static void is_reply(void *got, int type, const char *text) {
  redisReply *reply = got;
  assert_non_null(reply);
  assert_int_equal(reply->type, type);
  if (text)
    assert_string_equal(reply->str, text);
  freeReplyObject(reply);
}

/* ---- cases ---- */

static void calls_are_answered_by_type(void **state) {
  struct site *s = *state;
  redisContext *c = start(s);
  is_reply(redisCommand(c, "PING"), REDIS_REPLY_STATUS, "PONG");
  is_reply(redisCommand(c, "GET country:%d", 276), REDIS_REPLY_STRING,
           "Germany");
  is_reply(redisCommand(c, "GET %s", "nothing"), REDIS_REPLY_NIL, NULL);
  is_reply(redisCommand(c, "HGETALL country:DE"), REDIS_REPLY_ARRAY, NULL);
  is_reply(redisCommand(c, "GET"), REDIS_REPLY_ERROR,
           "ERR wrong number of arguments for 'get' command");
  is_reply(redisCommand(c, "SET country:%d %s", 999, "No where"),
           REDIS_REPLY_STATUS, "OK");
  is_reply(redisCommand(c, "GET country:999"), REDIS_REPLY_STRING, "No where");
  redisReply *reply = redisCommand(c, "DEL country:999");
  assert_int_equal(reply->integer, 1);
  freeReplyObject(reply);
  reply = redisCommand(c, "SCAN 0 COUNT 5");
  assert_int_equal(reply->elements, 2);
  assert_int_equal(reply->element[1]->elements, 5);
  freeReplyObject(reply);
  stop(s, c);
}

static void a_pipeline_is_answered_in_order(void **state) {
  struct site *s = *state;
  redisContext *c = start(s);
  for (int i = 0; i < 5000; i++)
    assert_int_equal(redisAppendCommand(c, "ECHO %d", i), REDIS_OK);
  for (int i = 0; i < 5000; i++) {
    void *reply = NULL;
    char number[16];
    snprintf(number, sizeof number, "%d", i);
    assert_int_equal(redisGetReply(c, &reply), REDIS_OK);
    is_reply(reply, REDIS_REPLY_STRING, number);
  }
  stop(s, c);
}

static void a_context_reconnects(void **state) {
  struct site *s = *state;
  redisContext *c = start(s);
  assert_int_equal(site_stop(s, SIGTERM), 0);
  assert_null(redisCommand(c, "PING"));
  assert_int_not_equal(c->err, 0);
  redisFree(c);
  c = start(s);
  assert_int_equal(redisReconnect(c), REDIS_OK);
  is_reply(redisCommand(c, "PING"), REDIS_REPLY_STATUS, "PONG");
  stop(s, c);
}

struct answers {
  int right, wrong;
  bool connected, ended;
};

static void on_answer(redisAsyncContext *c, void *got, void *state) {
  struct answers *a = state;
  redisReply *reply = got;
  bool right = reply && reply->type == REDIS_REPLY_STRING &&
               strcmp(reply->str, "Germany") == 0;
  a->right += right;
  a->wrong += !right;
  if (a->right + a->wrong == 1000)
    redisAsyncDisconnect(c);
}

static void on_connect(const redisAsyncContext *c, int status) {
  ((struct answers *)c->data)->connected = status == REDIS_OK;
}

static void on_end(const redisAsyncContext *c, int status) {
  ((struct answers *)c->data)->ended = status == REDIS_OK;
}

static void its_own_loop_is_served(void **state) {
  struct site *s = *state;
  struct answers a = {0};
  uv_loop_t loop;
  assert_true(site_start(s, NULL, NULL));
  assert_int_equal(uv_loop_init(&loop), 0);
  redisAsyncContext *c = redisAsyncConnect("127.0.0.1", s->port);
  assert_non_null(c);
  c->data = &a;
  assert_int_equal(redisLibuvAttach(c, &loop), REDIS_OK);
  redisAsyncSetConnectCallback(c, on_connect);
  redisAsyncSetDisconnectCallback(c, on_end);
  for (int i = 0; i < 1000; i++)
    assert_int_equal(redisAsyncCommand(c, on_answer, &a, "GET country:DE"),
                     REDIS_OK);
  uv_run(&loop, UV_RUN_DEFAULT);
  assert_int_equal(uv_loop_close(&loop), 0);
  assert_true(a.connected && a.ended);
  assert_int_equal(a.right, 1000);
  assert_int_equal(a.wrong, 0);
  assert_int_equal(site_stop(s, SIGTERM), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      site_test(calls_are_answered_by_type),
      site_test(a_pipeline_is_answered_in_order),
      site_test(a_context_reconnects),
      site_test(its_own_loop_is_served),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
