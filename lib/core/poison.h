/* SPDX-License-Identifier: MIT */
/* Tells AddressSanitizer which bytes of a free block nobody may touch; nothing
 * without it. Only bodies: the first words are read by checks. */
#ifndef VT_CORE_POISON_H
#define VT_CORE_POISON_H

#include <stddef.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define VT__ASAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define VT__ASAN 1
#endif

#ifdef VT__ASAN
#include <sanitizer/asan_interface.h>
#endif

static inline void vt__poison(void *bytes, size_t size) {
#ifdef VT__ASAN
  __asan_poison_memory_region(bytes, size);
#else
  (void)bytes;
  (void)size;
#endif
}

static inline void vt__unpoison(void *bytes, size_t size) {
#ifdef VT__ASAN
  __asan_unpoison_memory_region(bytes, size);
#else
  (void)bytes;
  (void)size;
#endif
}

#endif
