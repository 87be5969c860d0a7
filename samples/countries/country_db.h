/* SPDX-License-Identifier: MIT */
/* The countries in an SQLite database:
 *
 *     country(numeric INTEGER PRIMARY KEY,
 *             alpha_2, alpha_3, name, official_name, flag)
 *
 * All functions block; country_db_load is made for a worker thread. Where they
 * take error, size bytes of it, a failure leaves one line without a newline
 * there, cut to fit; a success leaves it alone. */
#ifndef COUNTRY_DB_H
#define COUNTRY_DB_H

#include <stddef.h>

#include "country_change.h"
#include "country_error.h"

#define COUNTRY_DB_ERROR_SIZE COUNTRY_ERROR_SIZE

/* Replaces all countries by those of a CSV file whose first row names the six
 * columns in the order above, in one transaction: on a failure the database is
 * as it was. Makes the database where there is none.
 *
 * UV_EINVAL for a bad row, and the error names its line: a wrong number of
 * fields, a number that is not 1 to 2147483647 in digits, a code that is not
 * two (alpha_2) or three (alpha_3) upper-case letters (it may be empty), no
 * name, text that is not UTF-8, a number or a code that came before. Else what
 * country_db_load answers, or UV_E... of the file. */
int country_db_import(const char *db_path, const char *csv_path, char *error,
                      size_t size);

/* Looks whether the database is there, is sound and has the table. Statuses of
 * country_db_load. */
int country_db_check(const char *db_path, char *error, size_t size);

/* Reads all countries with one query and gives the dictionary
 * (country_dict_release). UV_ENOENT: no such file. UV_EFTYPE: not a database.
 * UV_EIO: damaged or unreadable. UV_EINVAL: no such table, or rows that it
 * cannot have. UV_EACCES, UV_EBUSY (locked), UV_ENOSPC, UV_ENOMEM. Any
 * thread. */
int country_db_load(const char *db_path, const struct country_dict **out);

/* Does a COUNTRY_WRITE or COUNTRY_REMOVE in one transaction, which is on the
 * disk when it has succeeded. Gives *out: 1 for a new country, 0 for one that
 * was there; how many were removed. UV_EINVAL: what country_change_check
 * refuses, a new country without a name that is to be written. UV_EEXIST: a
 * code that another country has. Else statuses of country_db_load. Any
 * thread. */
int country_db_change(const char *db_path,
                      const struct country_request *request, char *error,
                      size_t size, uint64_t *out);

#endif
