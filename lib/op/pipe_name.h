/* SPDX-License-Identifier: MIT */
/* Names of local sockets: a path, or after a NUL an abstract name (Linux). */
#ifndef VT_OP_PIPE_NAME_H
#define VT_OP_PIPE_NAME_H

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

/* The address of a name of size bytes. UV_EINVAL for an empty one and a path
 * with a NUL in it, UV_ENAMETOOLONG. */
int vt__pipe_address(const char *name, size_t size, struct sockaddr_un *out,
                     socklen_t *out_length);

#endif
