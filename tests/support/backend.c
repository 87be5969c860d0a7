/* SPDX-License-Identifier: MIT */
#include "support/backend.h"

#include <stdio.h>
#include <string.h>

static void key_of(const vt_cache_load_t *load, char *text) {
  size_t size = 0;
  const void *key = vt_cache_load_key(load, &size);
  size = size < BACKEND_TEXT - 16 ? size : BACKEND_TEXT - 16;
  memcpy(text, key, size);
  text[size] = 0;
}

static void note(struct backend *b, vt_cache_load_t *load) {
  if (b->loads < BACKEND_MOST)
    b->load[b->loads] = load;
  b->loads++;
}

static vt_t put_text(struct backend *b, vt_cache_load_t *load) {
  char key[BACKEND_TEXT], text[BACKEND_TEXT + 16];
  key_of(load, key);
  int size = snprintf(text, sizeof text, "%s%d", key, b->calls);
  if (b->status != 0)
    return vt_failed(b->status);
  return vt_cache_load_put(load, text, (size_t)size);
}

struct slow_frame {
  vt_frame_t vt;
  struct backend *b;
  vt_cache_load_t *load;
};

static vt_t slow_body(void *frame) {
  struct slow_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, vt_delay(f->b->delay_ms));
  VT_RETURN(f, put_text(f->b, f->load));
  VT_END(f);
}

static void begin(struct backend *b) {
  b->in_scope = b->in_scope || vt_scope_current() != NULL;
  b->calls++;
  if (b->inside)
    b->inside(b);
}

static vt_t load_one(void *arg, vt_cache_load_t *load) {
  struct backend *b = arg;
  struct slow_frame slow = {.b = b, .load = load};
  note(b, load);
  begin(b);
  if (b->at_once)
    return put_text(b, load);
  if (b->delay_ms != 0)
    return vt_start(&slow, slow_body);
  return gate_begin(&b->gate[b->calls - 1]);
}

static vt_t load_many(void *arg, vt_cache_load_t *const loads[], size_t count) {
  struct backend *b = arg;
  b->many_calls++;
  for (size_t i = 0; i < count; i++)
    note(b, loads[i]);
  begin(b);
  if (!b->at_once)
    return gate_begin(&b->gate[b->calls - 1]);
  for (size_t i = 0; i < count; i++) {
    vt_t v = put_text(b, loads[i]);
    if (vt_status(v) != 0)
      return v;
  }
  return vt_done();
}

static void on_left(void *arg, const void *key, size_t key_size,
                    const vt_cache_value_t *value, vt_cache_reason_t reason) {
  struct backend *b = arg;
  b->left[reason]++;
  snprintf(b->last_left, sizeof b->last_left, "%.*s=%.*s", (int)key_size,
           (const char *)key, (int)value->size, (const char *)value->data);
}

static void on_drop(void *arg, void *data) {
  struct backend *b = arg;
  b->dropped += data != NULL;
}

static void open_with(struct backend *b, vt_cache_options_t options) {
  options.arg = b;
  assert_status(vt_cache_new(&options, &b->cache), 0);
}

void backend_open(struct backend *b, vt_cache_options_t options) {
  options.load = load_one;
  options.left = b->tells ? on_left : NULL;
  open_with(b, options);
}

void backend_open_many(struct backend *b, vt_cache_options_t options) {
  options.load = load_one;
  options.load_many = load_many;
  open_with(b, options);
}

void backend_open_pointers(struct backend *b, vt_cache_options_t options) {
  options.drop = on_drop;
  open_with(b, options);
}

void backend_close(struct backend *b) {
  vt_t v = vt_cache_close_async(b->cache);
  b->cache = NULL;
  vt_forget(v);
}

void backend_answer(struct backend *b, int i, const char *text) {
  assert_status(vt_status(vt_cache_load_put(b->load[i], text, strlen(text))),
                0);
  gate_open(&b->gate[i], result_int(0));
}

void backend_fail(struct backend *b, int i, int64_t status) {
  gate_open(&b->gate[i], result_failed(status));
}

vt_t backend_get(struct backend *b, const char *key) {
  return vt_cache_get(b->cache, key, strlen(key));
}

int backend_put(struct backend *b, const char *key, const char *text) {
  return vt_cache_put(b->cache, key, strlen(key), text, strlen(text));
}

const char *backend_peek(struct backend *b, const char *key) {
  const vt_cache_value_t *value = vt_cache_peek(b->cache, key, strlen(key));
  return value ? value->data : NULL;
}

uint64_t backend_invalidate(struct backend *b, const char *key) {
  return vt_cache_invalidate(b->cache, key, strlen(key));
}

vt_cache_stats_t backend_stats(const struct backend *b) {
  vt_cache_stats_t stats;
  vt_cache_stats(b->cache, &stats);
  return stats;
}

const char *backend_text(vt_result_t r) {
  const vt_cache_value_t *value = vt_cache_value(r);
  return value ? value->data : NULL;
}

const char *backend_hit(struct backend *b, const char *key) {
  vt_t v = backend_get(b, key);
  if (!vt_in_hand(v)) {
    vt_forget(v);
    return NULL;
  }
  return backend_text(vt_get_result(v));
}

void got_k(void *state, vt_result_t r) {
  struct got *got = state;
  const vt_cache_value_t *value = vt_cache_value(r);
  got->count++;
  got->status = r.status;
  snprintf(got->text, sizeof got->text, "%s",
           value ? (const char *)value->data : "");
}

void backend_ask(struct backend *b, const char *key, struct got *got) {
  vt_await(backend_get(b, key), got_k, got);
}

void backend_turn(struct fixture *f) {
  fixture_turn(f);
  fixture_turn(f);
}
