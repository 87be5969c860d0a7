/* SPDX-License-Identifier: MIT */
/* What the benches of one byte share: how much is written before the buffer is
 * emptied, and the byte through a call. */
#ifndef BENCH_WRITE_BYTE_H
#define BENCH_WRITE_BYTE_H

#include <vt.h>

#define CHUNK 16384u /* stays in the first cache */

/* vt_writer_write_async behind a call into another unit. */
vt_t write_byte_call(vt_writer_t *w, uint8_t byte);

#endif
