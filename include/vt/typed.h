/* SPDX-License-Identifier: MIT */
/* Typed value tasks: a struct type of its own for each kind of result, so that
 * the compiler refuses to mix them. They cost nothing: the struct travels in
 * the same two registers. C#'s ValueTask<T> against ValueTask<U>.
 *
 *     VT_DEFINE(country, const country_t *, p)
 *
 * stands for
 *
 *     typedef struct country_vt { vt_t vt; } country_vt_t;
 *     country_vt_t country_done(const country_t *value);  succeeded in hand
 *     country_vt_t country_failed(int64_t status);        failed in hand
 *     country_vt_t country_from(vt_t v);                  v gives a country
 *     const country_t *country_value(vt_result_t r);      from a continuation
 *
 * The last word names the member of vt_value_t that carries the value: i, u, d
 * or p. Continuations take a vt_result_t; an async function awaits the member
 * .vt. */
#ifndef VT_TYPED_H
#define VT_TYPED_H

#include "vt/value_task.h"

#define VT__PUT_i(x) ((int64_t)(x))
#define VT__PUT_u(x) ((uint64_t)(x))
#define VT__PUT_d(x) ((double)(x))
#define VT__PUT_p(x) ((void *)(uintptr_t)(x))

#define VT_DEFINE(name, type, member)                                          \
  typedef struct name##_vt {                                                   \
    vt_t vt;                                                                   \
  } name##_vt_t;                                                               \
  VT_UNUSED VT_MUST_USE static inline name##_vt_t name##_from(vt_t v) {        \
    name##_vt_t typed;                                                         \
    typed.vt = v;                                                              \
    return typed;                                                              \
  }                                                                            \
  VT_UNUSED VT_MUST_USE static inline name##_vt_t name##_done(type value) {    \
    name##_vt_t typed = {{0, {0}}};                                            \
    typed.vt.value.member = VT__PUT_##member(value);                           \
    return typed;                                                              \
  }                                                                            \
  VT_UNUSED VT_MUST_USE static inline name##_vt_t name##_failed(               \
      int64_t status) {                                                        \
    return name##_from(vt_failed(status));                                     \
  }                                                                            \
  VT_UNUSED static inline type name##_value(vt_result_t r) {                   \
    return (type)r.value.member;                                               \
  }

#endif
