/* SPDX-License-Identifier: MIT */
/* Addresses as text. */
#include "op/address.h"

#include <stdio.h>

void vt__address_text(const struct sockaddr *addr, char *text, size_t size) {
  char name[64] = "";
  if (size > 0)
    text[0] = '\0';
  if (addr->sa_family == AF_INET) {
    const struct sockaddr_in *in = (const void *)addr;
    uv_ip4_name(in, name, sizeof name);
    snprintf(text, size, "%s:%d", name, ntohs(in->sin_port));
  } else if (addr->sa_family == AF_INET6) {
    const struct sockaddr_in6 *in = (const void *)addr;
    uv_ip6_name(in, name, sizeof name);
    snprintf(text, size, "[%s]:%d", name, ntohs(in->sin6_port));
  }
}

static void pipe_text(const uv_pipe_t *pipe, bool peer, char *text,
                      size_t size) {
  char name[128] = "";
  size_t length = sizeof name - 1;
  int rc = peer ? uv_pipe_getpeername(pipe, name, &length)
                : uv_pipe_getsockname(pipe, name, &length);
  if (rc == 0)
    snprintf(text, size, "%s", name);
}

static int socket_name(const uv_handle_t *uv, bool peer, struct sockaddr *addr,
                       int *length) {
  if (uv->type == UV_UDP)
    return peer ? uv_udp_getpeername((const uv_udp_t *)uv, addr, length)
                : uv_udp_getsockname((const uv_udp_t *)uv, addr, length);
  if (uv->type == UV_TCP)
    return peer ? uv_tcp_getpeername((const uv_tcp_t *)uv, addr, length)
                : uv_tcp_getsockname((const uv_tcp_t *)uv, addr, length);
  return UV_EINVAL;
}

void vt__handle_address(const uv_handle_t *uv, bool peer, char *text,
                        size_t size) {
  struct sockaddr_storage addr;
  int length = sizeof addr;
  if (size > 0)
    text[0] = '\0';
  if (uv->type == UV_NAMED_PIPE)
    pipe_text((const uv_pipe_t *)uv, peer, text, size);
  else if (socket_name(uv, peer, (struct sockaddr *)&addr, &length) == 0)
    vt__address_text((struct sockaddr *)&addr, text, size);
}
