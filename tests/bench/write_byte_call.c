/* SPDX-License-Identifier: MIT */
/* One byte through a call into another unit. */
#include "write_byte.h"

vt_t write_byte_call(vt_writer_t *w, uint8_t byte) {
  return vt_writer_write_async(w, byte);
}
