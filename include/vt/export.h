/* SPDX-License-Identifier: MIT */
/* What the compiler is told: visibility, hints, and the one attribute that
 * users feel. Every extension of the compiler that vt uses stands here or in
 * the labels form of <vt/async.h>. */
#ifndef VT_EXPORT_H
#define VT_EXPORT_H

#if defined(__GNUC__) || defined(__clang__)
#define VT_API __attribute__((visibility("default")))
/* A value task that nobody takes is an error: the compiler says so. */
#define VT_MUST_USE __attribute__((warn_unused_result))
#define VT_UNUSED __attribute__((unused))
#define VT_LIKELY(x) __builtin_expect(!!(x), 1)
#define VT_COLD __attribute__((cold, noinline))
#define VT_NOINLINE __attribute__((noinline))
#define VT_PRINTF(text, first)                                                 \
  __attribute__((__format__(__printf__, text, first)))
#define VT_TLS __attribute__((tls_model("initial-exec")))
/* A frame moves by an assignment of its own type: compilers keep such a frame
 * in registers until it moves, which they do not through memcpy. */
#define VT_COPY(to, from) (*(__typeof__(from))(to) = *(from))
#else
#define VT_API
#define VT_MUST_USE
#define VT_UNUSED
#define VT_LIKELY(x) (x)
#define VT_COLD
#define VT_NOINLINE
#define VT_PRINTF(text, first)
#define VT_TLS
#define VT_COPY(to, from) memcpy((to), (from), sizeof *(from))
#endif

#endif
