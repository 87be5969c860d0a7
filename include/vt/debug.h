/* SPDX-License-Identifier: MIT */
/* What -DVT_DEBUG changes in a user's file: each call that makes, awaits,
 * converts or takes a value task notes its line (<vt/site.h>), and a misuse is
 * reported with the lines of its making and of its first await. Function-like
 * macros over the functions' own names: &vt_delay is still the function.
 * Included last by <vt.h>. */
#ifndef VT_DEBUG_H
#define VT_DEBUG_H

#ifdef VT_DEBUG
#define vt_await(v, k, state)                                                  \
  ((vt_await)(VT__SITED(v), k, state), vt__site_none())
#define vt_await_with(v, flags, k, state)                                      \
  ((vt_await_with)(VT__SITED(v), flags, k, state), vt__site_none())
#define vt_loop_run(loop, v) (vt_loop_run)(loop, VT__SITED(v))
#define vt_as_task(v) (vt_as_task)(VT__SITED(v))
#define vt_preserve(v, out) (vt_preserve)(VT__SITED(v), out)
#define vt_get_result(v) (vt_get_result)(VT__TAKEN(v))

#define vt_start_boxed(frame, size, body)                                      \
  (VT__MADE, (vt_start_boxed)(frame, size, body))
#define vt_promise_new(flags, out) (VT__MADE, (vt_promise_new)(flags, out))
#define vt_task_from_result(r) (VT__MADE, (vt_task_from_result)(r))
#define vt_scope_new(options, out) (VT__MADE, (vt_scope_new)(options, out))
#define vt_scope_start(scope, frame, size, body)                               \
  (VT__MADE, (vt_scope_start)(scope, frame, size, body))
#define vt_delay(ms) (VT__MADE, (vt_delay)(ms))
#define vt_yield() (VT__MADE, (vt_yield)())
#define vt_work(fn, arg) (VT__MADE, (vt_work)(fn, arg))
#define vt_invoke_on(l, fn, arg) (VT__MADE, (vt_invoke_on)(l, fn, arg))
#define vt_all(...) (VT__MADE, (vt_all)(__VA_ARGS__))
#define vt_any(...) (VT__MADE, (vt_any)(__VA_ARGS__))
#define vt_race(...) (VT__MADE, (vt_race)(__VA_ARGS__))
#define vt_each_new(...) (VT__MADE, (vt_each_new)(__VA_ARGS__))
#define vt_each_next(each) (VT__MADE, (vt_each_next)(each))
#define vt_select(...) (VT__MADE, (vt_select)(__VA_ARGS__))
#define vt_retry(what) (VT__MADE, (vt_retry)(what))
#define vt_map_limit(...) (VT__MADE, (vt_map_limit)(__VA_ARGS__))
#define vt_with_timeout(v, ms) (vt_with_timeout)(VT__SITED(v), ms)
#define vt_with_deadline(v, at) (vt_with_deadline)(VT__SITED(v), at)
#define vt_fs_open(p, f, m) (VT__MADE, (vt_fs_open)(p, f, m))
#define vt_fs_read(f, b, s, o) (VT__MADE, (vt_fs_read)(f, b, s, o))
#define vt_fs_write(f, d, s, o) (VT__MADE, (vt_fs_write)(f, d, s, o))
#define vt_fs_close(f) (VT__MADE, (vt_fs_close)(f))
#define vt_fs_fstat(f, o) (VT__MADE, (vt_fs_fstat)(f, o))
#define vt_fs_fsync(f) (VT__MADE, (vt_fs_fsync)(f))
#define vt_getaddrinfo(n, s, h) (VT__MADE, (vt_getaddrinfo)(n, s, h))
#define vt_getnameinfo(a, f, o) (VT__MADE, (vt_getnameinfo)(a, f, o))
#define vt_random(b, s, f) (VT__MADE, (vt_random)(b, s, f))
#define vt_wrap_new(n, s) (VT__MADE, (vt_wrap_new)(n, s))
#define vt_listener_accept(l) (VT__MADE, (vt_listener_accept)(l))
#define vt_listener_close(l) (VT__MADE, (vt_listener_close)(l))
#define vt_stream_read(s, b, n) (VT__MADE, (vt_stream_read)(s, b, n))
#define vt_stream_read_exact(s, b, n)                                          \
  (VT__MADE, (vt_stream_read_exact)(s, b, n))
#define vt_stream_write(s, d, n) (VT__MADE, (vt_stream_write)(s, d, n))
#define vt_stream_writev(s, b, n) (VT__MADE, (vt_stream_writev)(s, b, n))
#define vt_stream_write_handle(s, d, n, h)                                     \
  (VT__MADE, (vt_stream_write_handle)(s, d, n, h))
#define vt_stream_shutdown(s) (VT__MADE, (vt_stream_shutdown)(s))
#define vt_stream_close(s) (VT__MADE, (vt_stream_close)(s))
#define vt_tcp_connect(a) (VT__MADE, (vt_tcp_connect)(a))
#define vt_tcp_close_reset(s) (VT__MADE, (vt_tcp_close_reset)(s))
#define vt_pipe_connect(n) (VT__MADE, (vt_pipe_connect)(n))
#define vt_pipe_connect2(n, s) (VT__MADE, (vt_pipe_connect2)(n, s))
#define vt_udp_send(u, d, n, a) (VT__MADE, (vt_udp_send)(u, d, n, a))
#define vt_udp_receive(u, b, n, f) (VT__MADE, (vt_udp_receive)(u, b, n, f))
#define vt_udp_close(u) (VT__MADE, (vt_udp_close)(u))
#define vt_semaphore_acquire_async(s, n)                                       \
  (VT__MADE, (vt_semaphore_acquire_async)(s, n))
#define vt_mutex_lock_async(m) (VT__MADE, (vt_mutex_lock_async)(m))
#define vt_rwlock_read_lock_async(l) (VT__MADE, (vt_rwlock_read_lock_async)(l))
#define vt_rwlock_write_lock_async(l)                                          \
  (VT__MADE, (vt_rwlock_write_lock_async)(l))
#define vt_event_wait_async(e) (VT__MADE, (vt_event_wait_async)(e))
#define vt_condition_wait_async(c, m)                                          \
  (VT__MADE, (vt_condition_wait_async)(c, m))
#define vt_barrier_arrive_async(b) (VT__MADE, (vt_barrier_arrive_async)(b))
#define vt_channel_send_async(c, item)                                         \
  (VT__MADE, (vt_channel_send_async)(c, item))
#define vt_channel_receive_async(c) (VT__MADE, (vt_channel_receive_async)(c))
#define vt_shared_channel_send_async(c, item)                                  \
  (VT__MADE, (vt_shared_channel_send_async)(c, item))
#define vt_shared_channel_receive_async(c)                                     \
  (VT__MADE, (vt_shared_channel_receive_async)(c))
#endif

#endif
