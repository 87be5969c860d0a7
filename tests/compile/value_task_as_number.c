/* SPDX-License-Identifier: MIT */
/* A value task is not its value, even in hand. */
/* expect: incompatible|cannot convert|no viable conversion */
/* also: c++ */
#include <vt.h>

int64_t read_some(uv_file file, void *buffer, size_t size);

int64_t read_some(uv_file file, void *buffer, size_t size) {
#ifdef WRONG
  int64_t n = vt_fs_read(file, buffer, size, 0);
#else
  int64_t n = vt_get_result(vt_fs_read(file, buffer, size, 0)).value.i;
#endif
  return n;
}
