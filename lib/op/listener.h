/* SPDX-License-Identifier: MIT */
/* Listeners inside: what their files share.
 *
 * A listener is an object with two handles of its own: the socket, which is
 * closed and opened again by a pause, and the timer of the pauses. */
#ifndef VT_OP_LISTENER_H
#define VT_OP_LISTENER_H

#include "op/stream.h"
#include "vt/listener.h"

struct vt__listener_op;

struct vt_listener {
  vt__handle_t head;
  union vt__socket own; /* closed while paused */
  uv_timer_t timer;
  struct vt__listener_op *accept; /* pending, or NULL */
  vt_stream_t *spare; /* for the next connection, so that taking it needs no
                         memory */
  char *name;         /* of the socket's file, which goes with us; or NULL */
  int reserve;        /* the listening socket once more; -1: none */
  int backlog;
  int error;         /* for the next accept; 0: none */
  unsigned pause_ms; /* of the last pause; 0: a connection came since */
  unsigned burst;    /* connections given without a turn of the loop */
  unsigned handles;  /* not yet closed: the socket, the timer */
  bool is_pipe;
  bool open;  /* the socket is neither paused nor closed */
  bool ready; /* a connection waits in libuv */
};

/* A listener with a socket handle that is not bound. Errors: as
 * vt__handle_new. */
int vt__listener_new(bool is_pipe, int backlog, vt_listener_t **out);

/* Makes a socket handle anew; what libuv says. */
int vt__listener_open(vt_listener_t *listener);

/* uv_listen on a socket that has a name. */
int vt__listener_listen(vt_listener_t *listener);

/* Gives the connection that libuv holds to the accept that waits, if any. */
void vt__listener_retry(vt_listener_t *listener);

/* One of the handles is closed; the last one ends the listener. */
void vt__listener_handle_closed(vt_listener_t *listener);

/* ---- listener_pause.c ---- */

/* Listens on the bound socket, and makes the reserve. */
int vt__listener_start(vt_listener_t *listener);

/* The same on a bound descriptor, which it takes. */
int vt__listener_start_on(vt_listener_t *listener, int fd);

/* Calls vt__listener_retry in the next turn. */
void vt__listener_later(vt_listener_t *listener);

/* Closes the open socket until the timer opens it again. */
void vt__listener_pause(vt_listener_t *listener);

/* The close callback of the socket, for a pause or for ever. */
void vt__listener_socket_closed(uv_handle_t *handle);

#endif
