/* SPDX-License-Identifier: MIT */
/* The cases of channels are built twice: for vt_channel_t, and with
 * SHARED_CHANNEL for vt_shared_channel_t, which on one loop does the same. */
#ifndef VT_TEST_CHANNEL_FORM_H
#define VT_TEST_CHANNEL_FORM_H

#include <vt.h>

/* The most room that a case asks for. */
#ifdef SHARED_CHANNEL
#define CHANNEL_WIDEST 1000
#define vt_channel_t vt_shared_channel_t
#define vt_channel_new vt_shared_channel_new
#define vt_channel_ref vt_shared_channel_ref
#define vt_channel_unref vt_shared_channel_unref
#define vt_channel_send_async vt_shared_channel_send_async
#define vt_channel_receive_async vt_shared_channel_receive_async
#define vt_channel_try_send vt_shared_channel_try_send
#define vt_channel_try_receive vt_shared_channel_try_receive
#define vt_channel_close vt_shared_channel_close
#define vt_channel_count vt_shared_channel_count
#else
#define CHANNEL_WIDEST VT_CHANNEL_UNBOUNDED
#endif

#endif
