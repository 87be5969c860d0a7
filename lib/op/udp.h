/* SPDX-License-Identifier: MIT */
/* Datagrams inside: what their files share. */
#ifndef VT_OP_UDP_H
#define VT_OP_UDP_H

#include "op/handle.h"
#include "vt/bridge.h"
#include "vt/udp.h"

/* Bytes, with the operations themselves, that may wait in a socket. */
enum { VT__UDP_MOST = 64 << 20 };

/* The beginning of every operation of a socket. */
typedef struct vt__udp_op {
  vt_op_t op;
  vt_udp_t *udp; /* NULL once it is complete */
} vt__udp_op_t;

struct vt__receive_op; /* udp_receive.c */

struct vt_udp {
  vt__handle_t head;
  uv_udp_t own;                   /* not used for a wrapped one */
  struct vt__receive_op *receive; /* pending, or NULL */
  size_t queued;                  /* of VT__UDP_MOST; 0: nothing is */
  int error;     /* of an earlier send, for the next receive; 0: none */
  unsigned hits; /* received in hand since libuv's last turn */
  bool armed;    /* uv_udp_recv_start is in force */
  bool waiting;  /* libuv said that there is one, and nobody received it */
};

static inline uv_udp_t *vt__udp_uv(const vt_udp_t *u) {
  return (uv_udp_t *)(void *)u->head.uv;
}

static inline int vt__udp_check(const vt_udp_t *u) {
  return vt__handle_check((const vt__handle_t *)u);
}

/* vt_op_kind_t.describe of operations of sockets: the own address. */
void vt__udp_describe(const vt_op_t *op, char *text, size_t size);

/* ---- udp_receive.c ---- */

/* Ends a pending receive, if any; later: not before the caller has returned. */
bool vt__udp_receive_fail(vt_udp_t *udp, int64_t status, bool later);

/* No receive is pending: libuv reads no more. */
void vt__udp_receive_stop(vt_udp_t *udp);

#endif
