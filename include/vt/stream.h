/* SPDX-License-Identifier: MIT */
/* Streams: read, write, shutdown, close; over TCP (<vt/tcp.h>), local sockets
 * and pipes (<vt/pipe.h>), terminals (<vt/tty.h>), and handles of yours. A
 * handle's uv_handle_t.data stays yours. All on the loop's own thread; besides
 * the errors of the system each may give VT_ENOLOOP, VT_ETHREAD, UV_ENOMEM,
 * UV_EINVAL for NULL and, between a close and its completion, UV_EBADF in hand.
 *
 * Pending operations keep the loop alive; open streams do not (the library's
 * handles are unreferenced). Close all before the loop is detached. */
#ifndef VT_STREAM_H
#define VT_STREAM_H

#include "vt/value_task.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vt_stream vt_stream_t;

/* A stream around an open uv_tcp_t, uv_pipe_t or uv_tty_t of yours. Borrows
 * handle until vt_stream_unwrap, or until vt_stream_close completes, which
 * closes it. Meanwhile do not read, write, shut it down or close it yourself.
 * Gives *out. Whether it keeps the loop alive is left to you: after a first
 * read it is active. UV_EINVAL for another type, UV_EBADF while it closes,
 * UV_EEXIST when there is a stream already. */
VT_API int vt_stream_wrap(uv_stream_t *handle, vt_stream_t **out);

/* Frees the stream; its handle is yours alone again, open, not reading, with no
 * byte lost. UV_EBUSY while an operation is pending, UV_EINVAL for a stream
 * whose handle is the library's. */
VT_API int vt_stream_unwrap(vt_stream_t *stream);

/* The stream's handle, for uv_tcp_nodelay, uv_tty_set_mode and the like; not
 * for reading, writing or closing. Borrows: until the close completes. */
VT_API uv_stream_t *vt_stream_uv(vt_stream_t *stream);

/* Reads what has come, at least 1 and at most size bytes, into buffer, which it
 * borrows until completion. The count is in value.u; the end of the stream is
 * UV_EOF, which later reads get again, as they do an error. In hand when bytes
 * are known to have come. One at a time: UV_EALREADY. Cancelled: UV_ECANCELED,
 * no byte lost. */
VT_API VT_MUST_USE vt_t vt_stream_read(vt_stream_t *stream, void *buffer,
                                       size_t size);

/* Reads size bytes, no fewer; else as vt_stream_read. When it ends before (the
 * end of the stream, an error, a cancel, a close), the count of bytes that are
 * in buffer is in value.u beside the status. */
VT_API VT_MUST_USE vt_t vt_stream_read_exact(vt_stream_t *stream, void *buffer,
                                             size_t size);

/* Writes all of data, in the order of the calls; size is in value.u. In hand
 * when the kernel took all of it at once; else borrows data until completion. A
 * gone peer is UV_EPIPE or UV_ECONNRESET. UV_ENOBUFS, with nothing of it sent,
 * when more than 64 MiB wait already: await the writes before. A write that
 * failed after a part was sent ends the writing side, and later writes give its
 * status again. UV_E2BIG for 4 GiB and more on Windows, nothing sent. Cannot be
 * cancelled but by closing (UV_ECANCELED). */
VT_API VT_MUST_USE vt_t vt_stream_write(vt_stream_t *stream, const void *data,
                                        size_t size);

/* The same of count buffers, one after another, in one system call where the
 * kernel takes them. Borrows what they point to until completion, the array
 * until the call returns. */
VT_API VT_MUST_USE vt_t vt_stream_writev(vt_stream_t *stream,
                                         const uv_buf_t *bufs, unsigned count);

/* Writes at once what the kernel takes of data, from its start, and keeps
 * nothing of it: the count, 1 GiB at most; libuv's uv_try_write. UV_EAGAIN when
 * it takes nothing, or while a write before this one waits; else the errors of
 * vt_stream_write. */
VT_API int vt_stream_try_write(vt_stream_t *stream, const void *data,
                               size_t size);

/* vt_stream_write on an IPC pipe (<vt/pipe.h>) that passes handle to the peer
 * with the first byte; libuv's uv_write2. handle: an open TCP, pipe or UDP
 * handle, such as vt_stream_uv; borrowed until completion, and still open
 * then. UV_EINVAL for another handle, no data, or a stream that is no IPC
 * pipe. */
VT_API VT_MUST_USE vt_t vt_stream_write_handle(vt_stream_t *stream,
                                               const void *data, size_t size,
                                               uv_handle_t *handle);

/* Takes a TCP or pipe handle that came through an IPC pipe with the bytes that
 * were read last; gives *out. UV_EAGAIN when none waits, UV_EPROTOTYPE when it
 * is of another type (see vt_udp_accept). */
VT_API int vt_stream_accept(vt_stream_t *ipc, vt_stream_t **out);

/* Ends the writing side when what was written is out; a write after it is
 * UV_EPIPE, a second shutdown gives the same result as the first. */
VT_API VT_MUST_USE vt_t vt_stream_shutdown(vt_stream_t *stream);

/* Closes; takes the stream. Pending operations get UV_ECANCELED, before this
 * completes. Completes when libuv is done with the handle, and the stream is
 * freed then; closing again before that completes with the first. Begins in a
 * cancelled scope too, cannot be cancelled. With UV_ENOMEM in hand it is closed
 * all the same. */
VT_API VT_MUST_USE vt_t vt_stream_close(vt_stream_t *stream);

#ifdef __cplusplus
}
#endif
#endif
