/* SPDX-License-Identifier: MIT */
/* One of libuv's file functions as a row: how it is begun on a folder of known
 * content, how it fails, what shows that it was done; and the cases that every
 * row has. The pool has one thread (plug_prepare). */
#ifndef VT_TEST_FS_CALL_H
#define VT_TEST_FS_CALL_H

#include "support/fixture.h"
#include "support/tmp.h"

/* A folder that holds file ("value task"), link (to file) and empty (a folder);
 * none and made are not there. temp: a template in it. */
struct fs_place {
  struct fixture *f; /* NULL without a loop */
  char folder[TMP_PATH];
  char file[TMP_PATH];
  char link[TMP_PATH];
  char empty[TMP_PATH];
  char none[TMP_PATH];
  char made[TMP_PATH];
  char temp[TMP_PATH];
  int fd; /* of file */
  vt_dir_t *dir;
  int fds; /* open before */
  struct fs_filled {
    char text[TMP_PATH];
    uv_stat_t st;
    uv_statfs_t fs;
    const uv_dirent_t *entries;
  } filled; /* by the call; FS_UNTOUCHED all over before it */
};

enum { FS_UNTOUCHED = 0x5a };

enum fs_cancel {
  FS_ANSWERED, /* at once, also when a thread has done it */
  FS_WAITED,   /* only in the queue */
  FS_NEVER
};

struct fs_call {
  const char *kind;
  const char *subject; /* % for the folder's path, # for the file */
  vt_t (*begin)(struct fs_place *p);
  vt_t (*begin_bad)(struct fs_place *p);
  int error; /* of begin_bad */

  /* Whether it was done, judged from outside; r is what it completed with. */
  bool (*is_done)(struct fs_place *p, vt_result_t r);
  void (*release)(vt_value_t value); /* frees the result; optional */
  enum fs_cancel cancel;
  bool on_dir;   /* p->dir is open */
  int allocates; /* what it gives */
};

/* Sets the place up; the case fails when it cannot. f may be NULL. */
void fs_place_open(struct fs_place *p, struct fixture *f,
                   const struct fs_call *call);

/* The same in a folder that is given. */
void fs_place_open_in(struct fs_place *p, struct fixture *f,
                      const struct fs_call *call, const char *parent);

/* Removes it; no file may be open that was not before. */
void fs_place_close(struct fs_place *p);

/* Whether the call has filled nothing. */
bool fs_is_untouched(const struct fs_place *p);

/* How many files and folders are there under a new name. */
int fs_count_temp(const struct fs_place *p);

vt_result_t fs_run(struct fs_place *p, vt_t v);

/* The cases of one row. */
void fs_call_completes(struct fixture *f, const struct fs_call *call);
void fs_call_fails(struct fixture *f, const struct fs_call *call);
void fs_call_is_cancelled(struct fixture *f, const struct fs_call *call);
void fs_call_cannot_be_cancelled(struct fixture *f, const struct fs_call *call);

#define FS_CASES_(name, cancel)                                                \
  static void uv_fs_##name##_completes(void **state) {                         \
    fs_call_completes(*state, &name##_call);                                   \
  }                                                                            \
  static void uv_fs_##name##_fails(void **state) {                             \
    fs_call_fails(*state, &name##_call);                                       \
  }                                                                            \
  static void uv_fs_##name##_##cancel(void **state) {                          \
    fs_call_##cancel(*state, &name##_call);                                    \
  }

/* Three cases of the row name_call: uv_fs_<name>_completes and so on. */
#define FS_CASES(name) FS_CASES_(name, is_cancelled)
#define FS_CLOSE_CASES(name) FS_CASES_(name, cannot_be_cancelled)

/* The cases of many rows; rows ends with NULL. */
void fs_calls_allocate_nothing(struct fixture *f,
                               const struct fs_call *const *rows);
void fs_calls_tell_their_subject(struct fixture *f,
                                 const struct fs_call *const *rows);
void fs_calls_may_be_forgotten(struct fixture *f,
                               const struct fs_call *const *rows);
void fs_calls_may_be_left_untaken(struct fixture *f,
                                  const struct fs_call *const *rows);
void fs_calls_need_a_loop(const struct fs_call *const *rows);
void fs_calls_need_memory(const struct fs_call *const *rows);

/* Those cases for the rows of a test program, and their entries in its list;
 * the last one replaces the allocator. */
#define FS_GROUP_CASES(rows)                                                   \
  static void they_allocate_nothing(void **state) {                            \
    fs_calls_allocate_nothing(*state, rows);                                   \
  }                                                                            \
  static void they_tell_their_subject(void **state) {                          \
    fs_calls_tell_their_subject(*state, rows);                                 \
  }                                                                            \
  static void they_may_be_forgotten(void **state) {                            \
    fs_calls_may_be_forgotten(*state, rows);                                   \
  }                                                                            \
  static void they_may_be_left_untaken(void **state) {                         \
    fs_calls_may_be_left_untaken(*state, rows);                                \
  }                                                                            \
  static void they_need_a_loop(void **state) {                                 \
    (void)state;                                                               \
    fs_calls_need_a_loop(rows);                                                \
  }                                                                            \
  static void they_need_memory(void **state) {                                 \
    (void)state;                                                               \
    fs_calls_need_memory(rows);                                                \
  }

#define FS_GROUP_TESTS                                                         \
  fixture_test(they_allocate_nothing), fixture_test(they_tell_their_subject),  \
      fixture_test(they_may_be_forgotten),                                     \
      fixture_test(they_may_be_left_untaken),                                  \
      cmocka_unit_test(they_need_a_loop), cmocka_unit_test(they_need_memory)

#endif
