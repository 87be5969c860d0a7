#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# check_hazards.sh TABLE TESTS-DIR BUILD-DIR
# The table of hazards has each row once and in order, three columns that are
# not empty, and names tests that ctest runs and cases that their programs list.
# Each violation is one line.
set -euo pipefail

readonly table=$1 tests=$2 build=$3
. "$tests/conformance/named_tests.sh"

# NUMBER<tab>WORDS<tab>RULE<tab>TESTS<tab>COLUMNS for each row. An empty cell
# reads "(empty)".
rows() {
  awk -F' *[|] *' '/^[|] *H[0-9]+/ {
    number = $2; sub(/ .*/, "", number)
    words = $2; if (!sub(/^[^ ]+ /, "", words)) words = ""
    for (i = 3; i <= 4; i++) if ($i == "") $i = "(empty)"
    if (words == "") words = "(empty)"
    print number "\t" words "\t" $3 "\t" $4 "\t" NF - 2
  }' "$table"
}

expected_rows() {
  seq -f 'H%.0f' 15
  printf 'H16%s\n' a b c d e f g h
}

check_numbers() {
  local line
  while read -r line; do
    complain "${line#[<>] }: missing, twice or out of order"
  done < <(diff <(expected_rows) <(rows | cut -f 1) | grep '^[<>]')
}

check_rows() {
  local row words rule shown columns
  while IFS=$'\t' read -r row words rule shown columns; do
    case "|$words|$rule|$shown|" in *'|(empty)|'*)
      complain "$row: an empty cell"
      continue
      ;;
    esac
    [ "$columns" -eq 3 ] || complain "$row: not three columns"
    check_tests "$row" "$shown"
  done < <(rows)
}

check_numbers
check_rows
exit $bad
