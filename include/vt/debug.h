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
#define vt_async_close(...) (VT__MADE, (vt_async_close)(__VA_ARGS__))
#define vt_async_wait(...) (VT__MADE, (vt_async_wait)(__VA_ARGS__))
#define vt_barrier_arrive_async(...)                                           \
  (VT__MADE, (vt_barrier_arrive_async)(__VA_ARGS__))
#define vt_cache_close_async(...)                                              \
  (VT__MADE, (vt_cache_close_async)(__VA_ARGS__))
#define vt_cache_get(...) (VT__MADE, (vt_cache_get)(__VA_ARGS__))
#define vt_cache_get_many(...) (VT__MADE, (vt_cache_get_many)(__VA_ARGS__))
#define vt_cache_load_put(...) (VT__MADE, (vt_cache_load_put)(__VA_ARGS__))
#define vt_channel_receive_async(...)                                          \
  (VT__MADE, (vt_channel_receive_async)(__VA_ARGS__))
#define vt_channel_send_async(...)                                             \
  (VT__MADE, (vt_channel_send_async)(__VA_ARGS__))
#define vt_close(...) (VT__MADE, (vt_close)(__VA_ARGS__))
#define vt_condition_wait_async(...)                                           \
  (VT__MADE, (vt_condition_wait_async)(__VA_ARGS__))
#define vt_copy(...) (VT__MADE, (vt_copy)(__VA_ARGS__))
#define vt_debounce_async(...) (VT__MADE, (vt_debounce_async)(__VA_ARGS__))
#define vt_event_wait_async(...) (VT__MADE, (vt_event_wait_async)(__VA_ARGS__))
#define vt_fs_access(...) (VT__MADE, (vt_fs_access)(__VA_ARGS__))
#define vt_fs_chmod(...) (VT__MADE, (vt_fs_chmod)(__VA_ARGS__))
#define vt_fs_chown(...) (VT__MADE, (vt_fs_chown)(__VA_ARGS__))
#define vt_fs_close(...) (VT__MADE, (vt_fs_close)(__VA_ARGS__))
#define vt_fs_closedir(...) (VT__MADE, (vt_fs_closedir)(__VA_ARGS__))
#define vt_fs_copyfile(...) (VT__MADE, (vt_fs_copyfile)(__VA_ARGS__))
#define vt_fs_event_close(...) (VT__MADE, (vt_fs_event_close)(__VA_ARGS__))
#define vt_fs_event_wait(...) (VT__MADE, (vt_fs_event_wait)(__VA_ARGS__))
#define vt_fs_fchmod(...) (VT__MADE, (vt_fs_fchmod)(__VA_ARGS__))
#define vt_fs_fchown(...) (VT__MADE, (vt_fs_fchown)(__VA_ARGS__))
#define vt_fs_fdatasync(...) (VT__MADE, (vt_fs_fdatasync)(__VA_ARGS__))
#define vt_fs_fstat(...) (VT__MADE, (vt_fs_fstat)(__VA_ARGS__))
#define vt_fs_fsync(...) (VT__MADE, (vt_fs_fsync)(__VA_ARGS__))
#define vt_fs_ftruncate(...) (VT__MADE, (vt_fs_ftruncate)(__VA_ARGS__))
#define vt_fs_futime(...) (VT__MADE, (vt_fs_futime)(__VA_ARGS__))
#define vt_fs_lchown(...) (VT__MADE, (vt_fs_lchown)(__VA_ARGS__))
#define vt_fs_link(...) (VT__MADE, (vt_fs_link)(__VA_ARGS__))
#define vt_fs_lstat(...) (VT__MADE, (vt_fs_lstat)(__VA_ARGS__))
#define vt_fs_lutime(...) (VT__MADE, (vt_fs_lutime)(__VA_ARGS__))
#define vt_fs_mkdir(...) (VT__MADE, (vt_fs_mkdir)(__VA_ARGS__))
#define vt_fs_mkdtemp(...) (VT__MADE, (vt_fs_mkdtemp)(__VA_ARGS__))
#define vt_fs_mkstemp(...) (VT__MADE, (vt_fs_mkstemp)(__VA_ARGS__))
#define vt_fs_open(...) (VT__MADE, (vt_fs_open)(__VA_ARGS__))
#define vt_fs_opendir(...) (VT__MADE, (vt_fs_opendir)(__VA_ARGS__))
#define vt_fs_poll_close(...) (VT__MADE, (vt_fs_poll_close)(__VA_ARGS__))
#define vt_fs_poll_wait(...) (VT__MADE, (vt_fs_poll_wait)(__VA_ARGS__))
#define vt_fs_read(...) (VT__MADE, (vt_fs_read)(__VA_ARGS__))
#define vt_fs_readdir(...) (VT__MADE, (vt_fs_readdir)(__VA_ARGS__))
#define vt_fs_readlink(...) (VT__MADE, (vt_fs_readlink)(__VA_ARGS__))
#define vt_fs_readv(...) (VT__MADE, (vt_fs_readv)(__VA_ARGS__))
#define vt_fs_realpath(...) (VT__MADE, (vt_fs_realpath)(__VA_ARGS__))
#define vt_fs_rename(...) (VT__MADE, (vt_fs_rename)(__VA_ARGS__))
#define vt_fs_rmdir(...) (VT__MADE, (vt_fs_rmdir)(__VA_ARGS__))
#define vt_fs_scandir(...) (VT__MADE, (vt_fs_scandir)(__VA_ARGS__))
#define vt_fs_sendfile(...) (VT__MADE, (vt_fs_sendfile)(__VA_ARGS__))
#define vt_fs_stat(...) (VT__MADE, (vt_fs_stat)(__VA_ARGS__))
#define vt_fs_statfs(...) (VT__MADE, (vt_fs_statfs)(__VA_ARGS__))
#define vt_fs_symlink(...) (VT__MADE, (vt_fs_symlink)(__VA_ARGS__))
#define vt_fs_unlink(...) (VT__MADE, (vt_fs_unlink)(__VA_ARGS__))
#define vt_fs_utime(...) (VT__MADE, (vt_fs_utime)(__VA_ARGS__))
#define vt_fs_write(...) (VT__MADE, (vt_fs_write)(__VA_ARGS__))
#define vt_fs_writev(...) (VT__MADE, (vt_fs_writev)(__VA_ARGS__))
#define vt_getaddrinfo(...) (VT__MADE, (vt_getaddrinfo)(__VA_ARGS__))
#define vt_getnameinfo(...) (VT__MADE, (vt_getnameinfo)(__VA_ARGS__))
#define vt_listener_accept(...) (VT__MADE, (vt_listener_accept)(__VA_ARGS__))
#define vt_listener_close(...) (VT__MADE, (vt_listener_close)(__VA_ARGS__))
#define vt_mutex_lock_async(...) (VT__MADE, (vt_mutex_lock_async)(__VA_ARGS__))
#define vt_once_run_async(...) (VT__MADE, (vt_once_run_async)(__VA_ARGS__))
#define vt_phase_close(...) (VT__MADE, (vt_phase_close)(__VA_ARGS__))
#define vt_phase_wait(...) (VT__MADE, (vt_phase_wait)(__VA_ARGS__))
#define vt_pipe_connect(...) (VT__MADE, (vt_pipe_connect)(__VA_ARGS__))
#define vt_pipe_connect2(...) (VT__MADE, (vt_pipe_connect2)(__VA_ARGS__))
#define vt_poll_close(...) (VT__MADE, (vt_poll_close)(__VA_ARGS__))
#define vt_poll_wait(...) (VT__MADE, (vt_poll_wait)(__VA_ARGS__))
#define vt_process_close(...) (VT__MADE, (vt_process_close)(__VA_ARGS__))
#define vt_process_wait(...) (VT__MADE, (vt_process_wait)(__VA_ARGS__))
#define vt_random(...) (VT__MADE, (vt_random)(__VA_ARGS__))
#define vt_rate_async(...) (VT__MADE, (vt_rate_async)(__VA_ARGS__))
#define vt_reader_close(...) (VT__MADE, (vt_reader_close)(__VA_ARGS__))
#define vt_reader_peek(...) (VT__MADE, (vt_reader_peek)(__VA_ARGS__))
#define vt_reader_read(...) (VT__MADE, (vt_reader_read)(__VA_ARGS__))
#define vt_reader_read_exact(...)                                              \
  (VT__MADE, (vt_reader_read_exact)(__VA_ARGS__))
#define vt_reader_read_line(...) (VT__MADE, (vt_reader_read_line)(__VA_ARGS__))
#define vt_reader_read_until(...)                                              \
  (VT__MADE, (vt_reader_read_until)(__VA_ARGS__))
#define vt_reader_skip(...) (VT__MADE, (vt_reader_skip)(__VA_ARGS__))
#define vt_rwlock_read_lock_async(...)                                         \
  (VT__MADE, (vt_rwlock_read_lock_async)(__VA_ARGS__))
#define vt_rwlock_write_lock_async(...)                                        \
  (VT__MADE, (vt_rwlock_write_lock_async)(__VA_ARGS__))
#define vt_scope_join(...) (VT__MADE, (vt_scope_join)(__VA_ARGS__))
#define vt_semaphore_acquire_async(...)                                        \
  (VT__MADE, (vt_semaphore_acquire_async)(__VA_ARGS__))
#define vt_shared_channel_receive_async(...)                                   \
  (VT__MADE, (vt_shared_channel_receive_async)(__VA_ARGS__))
#define vt_shared_channel_send_async(...)                                      \
  (VT__MADE, (vt_shared_channel_send_async)(__VA_ARGS__))
#define vt_signal_close(...) (VT__MADE, (vt_signal_close)(__VA_ARGS__))
#define vt_signal_once(...) (VT__MADE, (vt_signal_once)(__VA_ARGS__))
#define vt_signal_wait(...) (VT__MADE, (vt_signal_wait)(__VA_ARGS__))
#define vt_snapshot_close_async(...)                                           \
  (VT__MADE, (vt_snapshot_close_async)(__VA_ARGS__))
#define vt_snapshot_get(...) (VT__MADE, (vt_snapshot_get)(__VA_ARGS__))
#define vt_snapshot_refresh_async(...)                                         \
  (VT__MADE, (vt_snapshot_refresh_async)(__VA_ARGS__))
#define vt_stream_close(...) (VT__MADE, (vt_stream_close)(__VA_ARGS__))
#define vt_stream_read(...) (VT__MADE, (vt_stream_read)(__VA_ARGS__))
#define vt_stream_read_exact(...)                                              \
  (VT__MADE, (vt_stream_read_exact)(__VA_ARGS__))
#define vt_stream_shutdown(...) (VT__MADE, (vt_stream_shutdown)(__VA_ARGS__))
#define vt_stream_write(...) (VT__MADE, (vt_stream_write)(__VA_ARGS__))
#define vt_stream_write_handle(...)                                            \
  (VT__MADE, (vt_stream_write_handle)(__VA_ARGS__))
#define vt_stream_writev(...) (VT__MADE, (vt_stream_writev)(__VA_ARGS__))
#define vt_tcp_close_reset(...) (VT__MADE, (vt_tcp_close_reset)(__VA_ARGS__))
#define vt_tcp_connect(...) (VT__MADE, (vt_tcp_connect)(__VA_ARGS__))
#define vt_tick_async(...) (VT__MADE, (vt_tick_async)(__VA_ARGS__))
#define vt_udp_close(...) (VT__MADE, (vt_udp_close)(__VA_ARGS__))
#define vt_udp_receive(...) (VT__MADE, (vt_udp_receive)(__VA_ARGS__))
#define vt_udp_send(...) (VT__MADE, (vt_udp_send)(__VA_ARGS__))
#define vt_wrap_new(...) (VT__MADE, (vt_wrap_new)(__VA_ARGS__))
#define vt_writer_close_async(...)                                             \
  (VT__MADE, (vt_writer_close_async)(__VA_ARGS__))
#define vt_writer_flush_async(...)                                             \
  (VT__MADE, (vt_writer_flush_async)(__VA_ARGS__))
#define vt_writer_open_async(...)                                              \
  (VT__MADE, (vt_writer_open_async)(__VA_ARGS__))
#define vt_writer_printf_async(...)                                            \
  (VT__MADE, (vt_writer_printf_async)(__VA_ARGS__))
#define vt_writer_reopen_async(...)                                            \
  (VT__MADE, (vt_writer_reopen_async)(__VA_ARGS__))
#define vt_writer_sync_async(...)                                              \
  (VT__MADE, (vt_writer_sync_async)(__VA_ARGS__))
#define vt_writer_write_all_async(...)                                         \
  (VT__MADE, (vt_writer_write_all_async)(__VA_ARGS__))
#define vt_writer_write_async(...)                                             \
  (VT__MADE, (vt_writer_write_async)(__VA_ARGS__))
#define vt_writer_write_copy_async(...)                                        \
  (VT__MADE, (vt_writer_write_copy_async)(__VA_ARGS__))
#define vt_writer_writev_async(...)                                            \
  (VT__MADE, (vt_writer_writev_async)(__VA_ARGS__))
#endif

#endif
