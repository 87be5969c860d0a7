/* SPDX-License-Identifier: MIT */
/* What files have in common, whatever stream they are. */
#ifndef VT_IO_BYTE_STREAM_H
#define VT_IO_BYTE_STREAM_H

#include "vt/byte_stream.h"

/* Above so many blocks libuv would allocate. */
enum { VT__FILE_BLOCKS = 4 };

/* Writes some of the blocks, which are copied, at offset. */
vt_t vt__file_write(uv_file file, const uv_buf_t blocks[], unsigned count,
                    int64_t offset);

/* The file that a stream is, or NULL. */
vt_byte_file_t *vt__byte_file(vt_byte_stream_t *stream);

/* Whether an await of the stream's calls needs no memory. */
bool vt__byte_stream_is_own(const vt_byte_stream_t *stream);

/* Closes the file, without memory too. */
vt_t vt__file_close(uv_file file);

#endif
