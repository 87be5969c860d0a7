/* SPDX-License-Identifier: MIT */
/* Names of local sockets: a path, or after a NUL an abstract name (Linux). */
#ifndef VT_OP_PIPE_NAME_H
#define VT_OP_PIPE_NAME_H

#include <stddef.h>

#include <uv.h>

/* Bytes of the longest name, with a NUL. */
#ifdef _WIN32
enum { VT__PIPE_ROOM = MAX_PIPENAME_LEN };
#else
#include <sys/un.h>
enum { VT__PIPE_ROOM = sizeof((struct sockaddr_un *)0)->sun_path };
#endif

/* 0 for a name of size bytes that this system can have. UV_EINVAL for an empty
 * one and a path with a NUL in it, UV_ENAMETOOLONG, UV_ENOTSUP. */
int vt__pipe_check(const char *name, size_t size);

/* Binds a handle that is not open to a name that was checked, with a NUL behind
 * it. A file that it makes is the caller's. */
int vt__pipe_bind(uv_pipe_t *handle, const char *name, size_t size);

/* Deletes that file. */
void vt__pipe_unlink(const char *path);

#endif
