/* SPDX-License-Identifier: MIT */
/* Terminals as streams. Mode and size are libuv's, on the handle
 * (uv_tty_set_mode and uv_tty_get_winsize on vt_stream_uv). */
#ifndef VT_TTY_H
#define VT_TTY_H

#include "vt/stream.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A stream over a terminal; gives *out (vt_stream_close). As with uv_tty_init a
 * terminal is opened anew and fd stays yours; the other side of a
 * pseudo-terminal, and what is no terminal but a pipe or socket, is taken.
 * UV_EINVAL for a file. Before the program ends: uv_tty_reset_mode. */
VT_API int vt_tty_open(uv_file fd, vt_stream_t **out);

#ifdef __cplusplus
}
#endif
#endif
