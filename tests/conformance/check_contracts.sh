#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# check_contracts.sh TABLE TESTS-DIR BUILD-DIR
# The table of contracts has each row once and in order, four columns that are
# not empty, a verdict that is one of four, and names tests that ctest runs and
# cases that their programs list. Each violation is one line.
set -euo pipefail

readonly table=$1 tests=$2 build=$3
readonly contracts=84 collisions=6
. "$(dirname "${BASH_SOURCE[0]}")/named_tests.sh"

# NUMBER<tab>VERDICT<tab>SENTENCE<tab>TESTS<tab>COLUMNS for each row. An empty
# cell, and a number without words, read "(empty)".
rows() {
  awk -F' *[|] *' '/^[|] *[CH][0-9]+/ {
    number = $2; sub(/ .*/, "", number)
    for (i = 3; i <= 5; i++) if ($i == "") $i = "(empty)"
    if (number == $2) $3 = "(empty)"
    print number "\t" $3 "\t" $4 "\t" $5 "\t" NF - 2
  }' "$table"
}

expected_rows() {
  seq -f 'C%.0f' $contracts
  seq -f 'H%.0f' $collisions
}

check_numbers() {
  local line
  while read -r line; do
    complain "${line#[<>] }: missing, twice or out of order"
  done < <(diff <(expected_rows) <(rows | cut -f 1) | grep '^[<>]')
}

check_shown() { # ROW VERDICT CELL
  if [ "$3" != - ]; then
    check_tests "$1" "$3"
  elif [ "$2" != 'does not apply' ]; then
    complain "$1: nothing shows it"
  fi
}

check_rows() {
  local row verdict sentence shown columns
  while IFS=$'\t' read -r row verdict sentence shown columns; do
    case "|$verdict|$sentence|$shown|" in *'|(empty)|'*)
      complain "$row: an empty cell"
      continue
      ;;
    esac
    [ "$columns" -eq 4 ] || complain "$row: not four columns"
    case $verdict in
    same | stricter | 'different on purpose' | 'does not apply') ;;
    *) complain "$row: '$verdict' is no verdict" ;;
    esac
    check_shown "$row" "$verdict" "$shown"
  done < <(rows)
}

check_numbers
check_rows
exit $bad
