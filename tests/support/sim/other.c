/* SPDX-License-Identifier: MIT */
/* What is not simulated: libuv's functions that would begin something on a loop
 * answer UV_ENOSYS, with or without a callback, so that no half of libuv runs
 * on a loop of the simulator's. */
#include "support/sim/sim.h"

int uv_backend_fd(const uv_loop_t *uv) {
  (void)uv;
  return -1;
}

int uv_loop_configure(uv_loop_t *uv, uv_loop_option option, ...) {
  (void)uv;
  (void)option;
  return vt__sim_refuse();
}

#define NOT_SIMULATED(name, ...)                                               \
  int name(__VA_ARGS__) { return vt__sim_refuse(); }

NOT_SIMULATED(uv_loop_fork, uv_loop_t *loop)
NOT_SIMULATED(uv_pipe_init, uv_loop_t *uv, uv_pipe_t *handle, int ipc)
NOT_SIMULATED(uv_tty_init, uv_loop_t *uv, uv_tty_t *handle, uv_file fd,
              int readable)
NOT_SIMULATED(uv_udp_init, uv_loop_t *uv, uv_udp_t *handle)
NOT_SIMULATED(uv_udp_init_ex, uv_loop_t *uv, uv_udp_t *handle,
              unsigned int flags)
NOT_SIMULATED(uv_poll_init, uv_loop_t *loop, uv_poll_t *handle, int fd)
NOT_SIMULATED(uv_poll_init_socket, uv_loop_t *loop, uv_poll_t *handle,
              uv_os_sock_t socket)
NOT_SIMULATED(uv_signal_init, uv_loop_t *loop, uv_signal_t *handle)
NOT_SIMULATED(uv_fs_event_init, uv_loop_t *loop, uv_fs_event_t *handle)
NOT_SIMULATED(uv_fs_poll_init, uv_loop_t *loop, uv_fs_poll_t *handle)
NOT_SIMULATED(uv_spawn, uv_loop_t *loop, uv_process_t *handle,
              const uv_process_options_t *options)
NOT_SIMULATED(uv_getaddrinfo, uv_loop_t *loop, uv_getaddrinfo_t *req,
              uv_getaddrinfo_cb getaddrinfo_cb, const char *node,
              const char *service, const struct addrinfo *hints)
NOT_SIMULATED(uv_getnameinfo, uv_loop_t *loop, uv_getnameinfo_t *req,
              uv_getnameinfo_cb getnameinfo_cb, const struct sockaddr *addr,
              int flags)
NOT_SIMULATED(uv_fs_unlink, uv_loop_t *loop, uv_fs_t *req, const char *path,
              uv_fs_cb cb)
NOT_SIMULATED(uv_fs_copyfile, uv_loop_t *loop, uv_fs_t *req, const char *path,
              const char *new_path, int flags, uv_fs_cb cb)
NOT_SIMULATED(uv_fs_mkdir, uv_loop_t *loop, uv_fs_t *req, const char *path,
              int mode, uv_fs_cb cb)
NOT_SIMULATED(uv_fs_mkdtemp, uv_loop_t *loop, uv_fs_t *req, const char *tpl,
              uv_fs_cb cb)
NOT_SIMULATED(uv_fs_mkstemp, uv_loop_t *loop, uv_fs_t *req, const char *tpl,
              uv_fs_cb cb)
NOT_SIMULATED(uv_fs_rmdir, uv_loop_t *loop, uv_fs_t *req, const char *path,
              uv_fs_cb cb)
NOT_SIMULATED(uv_fs_scandir, uv_loop_t *loop, uv_fs_t *req, const char *path,
              int flags, uv_fs_cb cb)
NOT_SIMULATED(uv_fs_opendir, uv_loop_t *loop, uv_fs_t *req, const char *path,
              uv_fs_cb cb)
NOT_SIMULATED(uv_fs_readdir, uv_loop_t *loop, uv_fs_t *req, uv_dir_t *dir,
              uv_fs_cb cb)
NOT_SIMULATED(uv_fs_closedir, uv_loop_t *loop, uv_fs_t *req, uv_dir_t *dir,
              uv_fs_cb cb)
NOT_SIMULATED(uv_fs_stat, uv_loop_t *loop, uv_fs_t *req, const char *path,
              uv_fs_cb cb)
NOT_SIMULATED(uv_fs_rename, uv_loop_t *loop, uv_fs_t *req, const char *path,
              const char *new_path, uv_fs_cb cb)
NOT_SIMULATED(uv_fs_ftruncate, uv_loop_t *loop, uv_fs_t *req, uv_file file,
              int64_t offset, uv_fs_cb cb)
NOT_SIMULATED(uv_fs_sendfile, uv_loop_t *loop, uv_fs_t *req, uv_file out_fd,
              uv_file in_fd, int64_t in_offset, size_t length, uv_fs_cb cb)
NOT_SIMULATED(uv_fs_access, uv_loop_t *loop, uv_fs_t *req, const char *path,
              int mode, uv_fs_cb cb)
NOT_SIMULATED(uv_fs_chmod, uv_loop_t *loop, uv_fs_t *req, const char *path,
              int mode, uv_fs_cb cb)
NOT_SIMULATED(uv_fs_utime, uv_loop_t *loop, uv_fs_t *req, const char *path,
              double atime, double mtime, uv_fs_cb cb)
NOT_SIMULATED(uv_fs_futime, uv_loop_t *loop, uv_fs_t *req, uv_file file,
              double atime, double mtime, uv_fs_cb cb)
NOT_SIMULATED(uv_fs_lutime, uv_loop_t *loop, uv_fs_t *req, const char *path,
              double atime, double mtime, uv_fs_cb cb)
NOT_SIMULATED(uv_fs_lstat, uv_loop_t *loop, uv_fs_t *req, const char *path,
              uv_fs_cb cb)
NOT_SIMULATED(uv_fs_link, uv_loop_t *loop, uv_fs_t *req, const char *path,
              const char *new_path, uv_fs_cb cb)
NOT_SIMULATED(uv_fs_symlink, uv_loop_t *loop, uv_fs_t *req, const char *path,
              const char *new_path, int flags, uv_fs_cb cb)
NOT_SIMULATED(uv_fs_readlink, uv_loop_t *loop, uv_fs_t *req, const char *path,
              uv_fs_cb cb)
NOT_SIMULATED(uv_fs_realpath, uv_loop_t *loop, uv_fs_t *req, const char *path,
              uv_fs_cb cb)
NOT_SIMULATED(uv_fs_fchmod, uv_loop_t *loop, uv_fs_t *req, uv_file file,
              int mode, uv_fs_cb cb)
NOT_SIMULATED(uv_fs_chown, uv_loop_t *loop, uv_fs_t *req, const char *path,
              uv_uid_t uid, uv_gid_t gid, uv_fs_cb cb)
NOT_SIMULATED(uv_fs_fchown, uv_loop_t *loop, uv_fs_t *req, uv_file file,
              uv_uid_t uid, uv_gid_t gid, uv_fs_cb cb)
NOT_SIMULATED(uv_fs_lchown, uv_loop_t *loop, uv_fs_t *req, const char *path,
              uv_uid_t uid, uv_gid_t gid, uv_fs_cb cb)
NOT_SIMULATED(uv_fs_statfs, uv_loop_t *loop, uv_fs_t *req, const char *path,
              uv_fs_cb cb)

/* Streams: a TCP handle can be made and closed, as nobody looks at what
 * uv_tcp_init answers; more it cannot do. */

int uv_tcp_init(uv_loop_t *uv, uv_tcp_t *tcp) {
  vt__sim_handle_init(uv, (uv_handle_t *)tcp, UV_TCP);
  tcp->write_queue_size = 0;
  tcp->alloc_cb = NULL;
  tcp->read_cb = NULL;
  tcp->io_watcher.fd = -1;
  return 0;
}

int uv_tcp_init_ex(uv_loop_t *uv, uv_tcp_t *tcp, unsigned int flags) {
  return flags == 0 ? uv_tcp_init(uv, tcp) : vt__sim_refuse();
}

NOT_SIMULATED(uv_tcp_open, uv_tcp_t *handle, uv_os_sock_t sock)
NOT_SIMULATED(uv_tcp_bind, uv_tcp_t *handle, const struct sockaddr *addr,
              unsigned int flags)
NOT_SIMULATED(uv_tcp_connect, uv_connect_t *req, uv_tcp_t *handle,
              const struct sockaddr *addr, uv_connect_cb cb)
NOT_SIMULATED(uv_tcp_getsockname, const uv_tcp_t *handle, struct sockaddr *name,
              int *namelen)
NOT_SIMULATED(uv_tcp_getpeername, const uv_tcp_t *handle, struct sockaddr *name,
              int *namelen)
NOT_SIMULATED(uv_tcp_nodelay, uv_tcp_t *handle, int enable)
NOT_SIMULATED(uv_listen, uv_stream_t *stream, int backlog, uv_connection_cb cb)
NOT_SIMULATED(uv_accept, uv_stream_t *server, uv_stream_t *client)
NOT_SIMULATED(uv_read_start, uv_stream_t *handle, uv_alloc_cb alloc_cb,
              uv_read_cb read_cb)
NOT_SIMULATED(uv_read_stop, uv_stream_t *handle)
NOT_SIMULATED(uv_write, uv_write_t *req, uv_stream_t *handle,
              const uv_buf_t bufs[], unsigned int nbufs, uv_write_cb cb)
NOT_SIMULATED(uv_try_write, uv_stream_t *handle, const uv_buf_t bufs[],
              unsigned int nbufs)
NOT_SIMULATED(uv_shutdown, uv_shutdown_t *req, uv_stream_t *handle,
              uv_shutdown_cb cb)
