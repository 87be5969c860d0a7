#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Sourced by the checks of tables that name tests, with $table, $tests (the
# folder of their sources) and $build set. Violations are told by complain, and
# make $bad 1.
bad=0

complain() {
  echo "${table##*/}: $*"
  bad=1
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

# A list of tests in backticks, each of which there is.
check_tests() { # ROW CELL
  local rest=$2
  if [[ ! $2 =~ ^\`[^\`]+\`(, \`[^\`]+\`)*$ ]]; then
    complain "$1: not a list of tests: $2"
    return 0
  fi
  while [[ $rest =~ ^(, )?\`([^\`]+)\` ]]; do
    rest=${rest#"${BASH_REMATCH[0]}"}
    check_test "$1" "${BASH_REMATCH[2]}"
  done
}
