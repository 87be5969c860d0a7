/* SPDX-License-Identifier: MIT */
/* Names and texts of statuses: vt's from its table, the others by libuv's own
 * table (its uv_err_name allocates for unknown numbers; a table does not). */
#include "vt/error.h"

#include <uv.h>

const char *vt_err_name(int64_t status) {
  switch (status) {
  case 0:
    return "OK";
#define XX(name, number, text)                                                 \
  case name:                                                                   \
    return #name;
    VT_ERRNO_MAP(XX)
#undef XX
#define XX(name, text)                                                         \
  case UV_##name:                                                              \
    return #name;
    UV_ERRNO_MAP(XX)
#undef XX
  default:
    return "UNKNOWN";
  }
}

const char *vt_strerror(int64_t status) {
  switch (status) {
  case 0:
    return "succeeded";
#define XX(name, number, text)                                                 \
  case name:                                                                   \
    return text;
    VT_ERRNO_MAP(XX)
#undef XX
#define XX(name, text)                                                         \
  case UV_##name:                                                              \
    return text;
    UV_ERRNO_MAP(XX)
#undef XX
  default:
    return "unknown status";
  }
}
