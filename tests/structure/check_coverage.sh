#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# check_coverage.sh ROOT COMPILER UV-HEADER TEST-FILES
# Every function of libuv's header that takes a callback has its three cases in
# the test programs (TEST-FILES lists their main files, one a line) and its row
# in the README's table, with functions that the library exports. Each lack is
# one line.
set -euo pipefail

readonly root=$1 compiler=$2 header=$3 test_files=$4
# They call back before they return, or on no loop.
readonly exempt=(uv_replace_allocator uv_thread_create uv_thread_create_ex
  uv_walk)
bad=0

complain() {
  echo "$*"
  bad=1
}

# The functions with a callback: a type of libuv's that is a pointer to a
# function, or a struct of options that holds one.
entry_points() {
  "$compiler" -E -P -x c "$header" | tr '\n' ' ' | awk '
    function is_callback(text,  words, n, i) {
      n = split(text, words, /[^A-Za-z0-9_]+/)
      for (i = 1; i <= n; i++)
        if (words[i] in callback) return 1
      return 0
    }
    function declaration(text) {
      if (text ~ /typedef [^{]*\(\*uv_[a-z0-9_]+\)\(/) {
        match(text, /\(\*uv_[a-z0-9_]+\)\(/)
        callback[substr(text, RSTART + 2, RLENGTH - 4)] = 1
      } else if (text ~ /[ }]uv_[a-z0-9_]+_options_t *$/ && is_callback(text)) {
        match(text, /uv_[a-z0-9_]+_options_t *$/)
        callback[substr(text, RSTART, RLENGTH)] = 1
      } else if (text !~ /typedef|{/ && match(text, /uv_[a-z0-9_]+ *\(/) &&
                 is_callback(substr(text, RSTART + RLENGTH))) {
        print substr(text, RSTART, RLENGTH - 1)
      }
    }
    BEGIN { RS = ";" }
    {
      text = text $0 " "
      depth += gsub(/{/, "{") - gsub(/}/, "}")
      if (depth == 0) { sub(/ *$/, "", text); declaration(text); text = "" }
    }' | LC_ALL=C sort -u
}

# The cases that the programs hand to cmocka.
cases() {
  xargs cat <"$test_files" | tr -s ' \n' ' ' |
    grep -oE '[a-z0-9_]*_test[a-z_]*\( ?uv_[a-z0-9_]+ ?[,)]' |
    sed 's/.*( \?\(uv_[a-z0-9_]*\).*/\1/' | LC_ALL=C sort -u
}

check_cases() { # FUNCTION
  local outcome
  for outcome in completes fails; do
    [ -n "${case_of[$1_$outcome]:-}" ] || complain "$1: no case $1_$outcome"
  done
  [ -n "${case_of[$1_is_cancelled]:-}" ] ||
    [ -n "${case_of[$1_cannot_be_cancelled]:-}" ] ||
    complain "$1: no case $1_is_cancelled or $1_cannot_be_cancelled"
}

check_row() { # FUNCTION
  local row=${row_of[$1]:-} name
  if [ -z "$row" ]; then
    complain "$1: no row in README.md"
    return
  fi
  [[ $row =~ \|\ (stops\ it|answers\ at\ once|waits)[^|]*\|$ ]] ||
    complain "$1: its row in README.md does not tell what cancel does"
  [[ -z ${case_of[$1_cannot_be_cancelled]:-} || $row =~ \|\ waits ]] ||
    complain "$1: cannot be cancelled, and its row in README.md says otherwise"
  [[ $row == *'`vt_'* ]] ||
    complain "$1: its row in README.md names no function of vt"
  while [[ $row =~ (vt_[a-z0-9_]+)(.*) ]]; do
    name=${BASH_REMATCH[1]}
    row=${BASH_REMATCH[2]}
    [ -n "${exported[$name]:-}" ] ||
      complain "$1: README.md names $name, which is not exported"
  done
}

mapfile -t found < <(entry_points)
declare -A case_of=() row_of=() exported=()
while read -r name; do
  case_of[$name]=1
done < <(cases)
while read -r row; do
  name=${row#*\`}
  row_of[${name%%\`*}]=$row
done < <(grep '^| `uv_' "$root/README.md")
while read -r name; do
  exported[$name]=1
done <"$root/tests/exports.txt"

for name in "${exempt[@]}"; do
  [[ " ${found[*]} " == *" $name "* ]] ||
    complain "$name is exempt, and no such function takes a callback"
done
for name in "${found[@]}"; do
  [[ " ${exempt[*]} " == *" $name "* ]] && continue
  check_cases "$name"
  check_row "$name"
done

# Libuv 1.44 has 62, and none was ever removed.
[ $((${#found[@]} - ${#exempt[@]})) -ge 62 ] ||
  complain "only ${#found[@]} functions take a callback: not libuv's header"
exit $bad
