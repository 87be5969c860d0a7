/* SPDX-License-Identifier: MIT */
/* Shows: a cache in front of something slow. get_user_name is in hand when the
 * name is cached, else an async function that waits; its caller does not know
 * which, and a hit allocates nothing.
 *
 * Usage: user_cache
 * Try:   build/release/samples/user_cache
 */
#include <stdio.h>
#include <vt.h>

enum { USERS = 64 };

/* One place for each id modulo USERS; a name of "" is no user. */
struct user {
  int64_t id;
  char name[24];
};

struct user_cache {
  struct user users[USERS];
};

struct load_frame {
  vt_frame_t vt;
  struct user_cache *cache;
  int64_t id;
};

static struct user *place_of(struct user_cache *cache, int64_t id) {
  return &cache->users[(uint64_t)id % USERS];
}

static vt_t load_body(void *frame) {
  struct load_frame *f = frame;
  struct user *user;
  VT_BEGIN(f);

  /* In C# a library writes here
   *
   *     await Task.Delay(50).ConfigureAwait(false);
   *
   * so that what follows runs on whatever thread completes the delay: no hop to
   * the caller's context, and no deadlock if the caller blocks on that context.
   *
   * There is no such choice here. The frame f, the cache that it points to and
   * all value tasks awaited below belong to the thread of one loop, and none of
   * them has a lock: on another thread the next await would be refused with
   * VT_ETHREAD, and the store into the cache would race. So an async function
   * always resumes on the loop that began it; where the completion comes on
   * that loop, as here, there is no hop to save.
   *
   * A plain continuation is a function and a pointer, which may well be safe on
   * any thread. Where a promise is completed by another one, it may ask to run
   * there, without the hop:
   *
   *     vt_await_with(v, VT_ANYWHERE, on_name, state);
   */
  VT_TRY(f, vt_delay(50));

  user = place_of(f->cache, f->id);
  user->id = f->id;
  snprintf(user->name, sizeof user->name, "user-%lld", (long long)f->id);
  VT_RETURN(f, vt_from_ptr(user->name));
  VT_END(f);
}

/* The name of a user, in value.p: borrowed until the callback that receives it
 * returns, for another user may take its place later. */
static inline vt_t get_user_name(struct user_cache *cache, int64_t id) {
  struct user *user = place_of(cache, id);
  if (user->id == id && user->name[0] != '\0')
    return vt_from_ptr(user->name);
  struct load_frame f = {.cache = cache, .id = id};
  return vt_start(&f, load_body);
}

/* Asks once and prints what it took. */
static int64_t ask(vt_loop_t *loop, struct user_cache *cache) {
  vt_alloc_stats_t before, after;
  vt_alloc_stats(&before);
  vt_t v = get_user_name(cache, 42);
  bool in_hand = vt_in_hand(v);
  vt_result_t r = vt_loop_run(loop, v);
  vt_alloc_stats(&after);
  if (r.status != 0)
    return r.status;
  printf("%s, ", (const char *)r.value.p);
  if (in_hand)
    printf("in hand: %llu allocations\n",
           (unsigned long long)(after.calls - before.calls));
  else
    printf("after a wait\n");
  return 0;
}

int main(void) {
  struct user_cache cache = {.users = {{.id = 0}}};
  uv_loop_t uv;
  vt_loop_t *loop = NULL;
  int64_t status = uv_loop_init(&uv);
  if (status != 0)
    return 1;
  status = vt_loop_attach(&uv, &loop);
  if (status == 0) {
    vt_loop_set_report(loop, vt_report_stderr, NULL);
    status = ask(loop, &cache);
    if (status == 0)
      status = ask(loop, &cache);
    int left = vt_loop_detach(loop, NULL);
    uv_run(&uv, UV_RUN_DEFAULT);
    status = status != 0 ? status : left;
  }
  if (status != 0)
    fprintf(stderr, "user_cache: %s\n", vt_strerror(status));
  return uv_loop_close(&uv) == 0 && status == 0 ? 0 : 1;
}
