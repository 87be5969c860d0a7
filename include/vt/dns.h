/* SPDX-License-Identifier: MIT */
/* Names and addresses, by the system's resolver. What is numeric is complete at
 * once; all else is asked for on a thread of libuv's pool, of which names may
 * take half. Cancelled, or awaited with a timeout, both are answered at once,
 * also while the resolver waits for a server. Besides the UV_EAI_ errors each
 * may give VT_ENOLOOP and UV_ENOMEM in hand. */
#ifndef VT_DNS_H
#define VT_DNS_H

#include "vt/value_task.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The addresses of a node and a service, as getaddrinfo(3): either may be NULL,
 * not both (UV_EINVAL). Gives the list in value.p (vt_freeaddrinfo); a
 * forgotten one, and one that comes after a cancel, frees itself. Copies node,
 * service and hints (NULL: none). Complete at once with a numeric node or none
 * and a numeric service or none, and when hints ask for numeric ones only. */
VT_API VT_MUST_USE vt_t vt_getaddrinfo(const char *node, const char *service,
                                       const struct addrinfo *hints);

/* Frees a list of vt_getaddrinfo: libuv's uv_freeaddrinfo by another name. NULL
 * is accepted. Any thread. */
VT_API void vt_freeaddrinfo(struct addrinfo *list);

/* Room for any name; NI_MAXHOST and NI_MAXSERV of other systems. */
typedef struct vt_nameinfo {
  char host[1025];
  char service[32];
} vt_nameinfo_t;

/* The names of an IPv4 or IPv6 address and its port, as getnameinfo(3) with its
 * NI_ flags; UV_EINVAL for another family and for NULL. Copies addr. Borrows
 * out until completion, writes it only on success, and not after a cancel. In
 * hand with NI_NUMERICHOST and NI_NUMERICSERV together. */
VT_API VT_MUST_USE vt_t vt_getnameinfo(const struct sockaddr *addr, int flags,
                                       vt_nameinfo_t *out);

#ifdef __cplusplus
}
#endif
#endif
