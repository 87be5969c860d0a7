/* SPDX-License-Identifier: MIT */
/* The sockets that a process listens on, bound before anything else begins:
 * what cannot be had is known then, and nothing has started. They are made by
 * the options, or were handed over by systemd (activation). */
#ifndef SOCKETS_H
#define SOCKETS_H

#include <stdbool.h>
#include <vt.h>

#include "options.h"

#define SOCKETS_MAX 20

enum socket_use { SOCKET_RESP, SOCKET_HTTP };

struct bound_socket {
  uv_os_sock_t *fds; /* one for each loop; or one that all share */
  size_t count;      /* of them */
  enum socket_use use;
  bool local;
  int port;       /* 0 for a local one */
  char name[160]; /* for people: "127.0.0.1:7379" */
};

struct sockets {
  struct bound_socket list[SOCKETS_MAX];
  size_t count;
  const char *unix_path; /* of a file that is ours; NULL: none */
};

/* Takes over what systemd hands over (LISTEN_FDS, LISTEN_PID, LISTEN_FDNAMES):
 * a socket whose name is "http" is the HTTP side, every other one takes
 * clients. When there is none, binds what the options name: for each loop a
 * socket of its own where the kernel shares them out (SO_REUSEPORT) and o wants
 * it, else one for all.
 *
 * Gives *out (sockets_close), whose descriptors are closed on exec. On failure
 * nothing is left, and error (size bytes) says in a line what cannot be had. */
int sockets_open(const struct options *o, struct sockets *out, char *error,
                 size_t size);

/* Closes the descriptors when listeners have their own: a socket that nobody
 * accepts from must not be kept open. */
void sockets_let_go(struct sockets *s);

/* Closes all, and deletes the local socket's file. */
void sockets_close(struct sockets *s);

#endif
