/* SPDX-License-Identifier: MIT */
/* Countries in a CSV file, whose first row names the columns numeric, alpha_2,
 * alpha_3, name, official_name and flag. Private to samples/countries. */
#ifndef COUNTRY_CSV_H
#define COUNTRY_CSV_H

#include "country_change.h"
#include "country_error.h"

/* One good row, whose texts are borrowed until it returns; line is where the
 * file has it. Another status than 0 ends the reading with it. */
typedef int country_row_fn(void *arg, const struct country_change *row,
                           size_t line);

/* Reads the file error->path and hands its rows to on_row. Blocks. UV_EINVAL
 * for a bad row, told with its line, as country_db_import says; UV_E... of the
 * file; UV_ENOMEM. */
int country_csv_read(const struct country_error *error, country_row_fn *on_row,
                     void *arg);

#endif
