/* SPDX-License-Identifier: MIT */
/* Local sockets and pipes: how their listeners and streams are made.
 *
 * A name is a path. In the functions that take its size it may also begin with
 * a NUL: then it is an abstract one (Linux; elsewhere UV_ENOTSUP).
 * UV_ENAMETOOLONG for one that the system has no room for (107 bytes on Linux):
 * it is never cut. On Windows a name is a named pipe's, and has no file. */
#ifndef VT_PIPE_H
#define VT_PIPE_H

#include "vt/listener.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Binds a local socket to name and listens. Gives *out (vt_listener_close,
 * which deletes the file). Copies name. UV_EADDRINUSE when the file is there,
 * whoever left it. Who may connect is the file's mode: set the umask before. */
VT_API int vt_pipe_listen(const char *name, int backlog, vt_listener_t **out);
VT_API int vt_pipe_listen2(const char *name, size_t size, int backlog,
                           vt_listener_t **out);

/* Connects to name, which it copies; gives a vt_stream_t in value.p
 * (vt_stream_close). Cancelled: UV_ECANCELED, the socket is closed; forgotten:
 * the connection is closed when it has come. The second is libuv's
 * uv_pipe_connect2; before libuv 1.46 an abstract name is UV_ENOTSUP. */
VT_API VT_MUST_USE vt_t vt_pipe_connect(const char *name);
VT_API VT_MUST_USE vt_t vt_pipe_connect2(const char *name, size_t size);

/* A stream over a pipe or local socket of yours, which it takes on success;
 * gives *out (vt_stream_close). ipc: handles can be passed over it
 * (vt_stream_write_handle, vt_stream_accept); both sides must say so. */
VT_API int vt_pipe_open(uv_file fd, bool ipc, vt_stream_t **out);

#ifdef __cplusplus
}
#endif
#endif
