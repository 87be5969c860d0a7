#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# check_abuse.sh TABLE TESTS-DIR BUILD-DIR
# The table of abuse has each of its 86 rows once and in order, four columns
# that are not empty, and names tests that ctest runs and cases that their
# programs list. Each violation is one line.
set -euo pipefail

readonly table=$1 tests=$2 build=$3
. "$tests/conformance/named_tests.sh"

expected_rows() {
  seq -f 'R%.0f' 36
  seq -f 'C%.0f' 24
  seq -f 'W%.0f' 26
}

# ROW<tab>TESTS<tab>EMPTY CELLS<tab>COLUMNS for each row.
rows() {
  awk -F' *[|] *' '/^[|] *[RCW][0-9]+/ {
    empty = 0
    for (i = 2; i <= 5; i++) if ($i == "") empty++
    print $2 "\t" ($5 == "" ? "-" : $5) "\t" empty "\t" NF - 2
  }' "$table"
}

while read -r line; do
  complain "${line#[<>] }: missing, twice or out of order"
done < <(diff <(expected_rows) <(rows | cut -f 1) | grep '^[<>]')

while IFS=$'\t' read -r row shown empty columns; do
  if [ "$columns" -ne 4 ]; then
    complain "$row: not four columns"
  elif [ "$empty" -ne 0 ]; then
    complain "$row: an empty cell"
  else
    check_tests "$row" "$shown"
  fi
done < <(rows)
exit $bad
