#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# check_contracts.sh TABLE TESTS-DIR BUILD-DIR
# The table of contracts has each row once and in order, four columns that are
# not empty, a verdict that is one of four, and names tests that ctest runs and
# cases that their programs list. Each violation is one line.
set -euo pipefail

readonly table=$1 tests=$2 build=$3
readonly contracts=84 collisions=6
bad=0

complain() {
  echo "contracts.md: $*"
  bad=1
}

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

# The tests of the build; and those of their cases that were asked for, as
# "program: case".
declare -A known=() listed=()
while read -r name; do
  known[$name]=1
done < <(ctest --test-dir "$build" --show-only |
  sed -n 's/^ *Test *#[0-9]*: //p')

# The C file of a program: tests/a/test_b.c of a/b, in whatever form.
find_source() {
  local folder=. base=${1##*/} form
  [ "$base" = "$1" ] || folder=${1%/*}
  for form in "$base" "${base%_debug}" "${base%_labels}"; do
    source=$tests/$folder/test_$form.c
    [ ! -e "$source" ] || return 0
  done
  source=/dev/null
}

# The cases of a program's list.
read_cases() {
  local source case
  find_source "$1"
  listed[$1]=1
  while read -r case; do
    known["$1: $case"]=1
  done < <(tr -s ' \n' '  ' <"$source" |
    grep -oE '(test|TEST)[a-z_]*\( ?[a-z][a-z0-9_]*[,)]' |
    sed 's/.*( *\([a-z0-9_]*\).*/\1/')
}

check_test() { # ROW NAME
  local program=${2%%: *} case=${2#*: }
  if [ -z "${known[$program]+there}" ]; then
    complain "$1: $program is no test of this build"
  elif [ "$program" != "$2" ]; then
    [ -n "${listed[$program]+done}" ] || read_cases "$program"
    [ -n "${known[$2]+there}" ] || complain "$1: $program has no case $case"
  fi
}

check_tests() { # ROW VERDICT CELL
  local rest=$3
  if [ "$3" = - ]; then
    [ "$2" = 'does not apply' ] || complain "$1: nothing shows it"
    return 0
  elif [[ ! $3 =~ ^\`[^\`]+\`(, \`[^\`]+\`)*$ ]]; then
    complain "$1: not a list of tests: $3"
    return 0
  fi
  while [[ $rest =~ ^(, )?\`([^\`]+)\` ]]; do
    rest=${rest#"${BASH_REMATCH[0]}"}
    check_test "$1" "${BASH_REMATCH[2]}"
  done
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
    check_tests "$row" "$verdict" "$shown"
  done < <(rows)
}

check_numbers
check_rows
exit $bad
