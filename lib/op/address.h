/* SPDX-License-Identifier: MIT */
/* Addresses as text, for reports. */
#ifndef VT_OP_ADDRESS_H
#define VT_OP_ADDRESS_H

#include <stdbool.h>
#include <uv.h>

/* "127.0.0.1:80", "[::1]:80"; "" for another family. */
void vt__address_text(const struct sockaddr *addr, char *text, size_t size);

/* The own address of a TCP, UDP or pipe handle, or its peer's; "" where there
 * is none. */
void vt__handle_address(const uv_handle_t *uv, bool peer, char *text,
                        size_t size);

#endif
