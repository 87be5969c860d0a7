/* SPDX-License-Identifier: MIT */
/* make_countries DATABASE CSV: the database of the countries, for the tests. */
#include <stdio.h>

#include "countries/country_db.h"

int main(int argc, char **argv) {
  char error[COUNTRY_DB_ERROR_SIZE] = "";
  if (argc != 3) {
    fprintf(stderr, "usage: make_countries DATABASE CSV\n");
    return 2;
  }
  if (country_db_import(argv[1], argv[2], error, sizeof error) == 0)
    return 0;
  fprintf(stderr, "make_countries: %s\n", error);
  return 1;
}
