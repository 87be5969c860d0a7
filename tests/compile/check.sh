#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# check.sh CASE.c COMPILER FLAG...
# A case has a near twin: with -DWRONG it must not compile, and the message must
# match its line "expect: REGEX"; without it it must, with every warning on.
# Tried with COMPILER, and with gcc and clang where they are installed; with
# g++ and clang++ too when it has a line "also: c++".
set -euo pipefail

case=$1
first=$2
shift 2
flags=(-O1 -Werror "$@")
warnings=(-Wall -Wextra -Wpedantic -Wconversion)
c=(-x c -std=gnu11 -Wshadow -Wstrict-prototypes)
cxx=(-x c++ -std=c++17)
expect=$(sed -n 's/.*expect: \(.*\) \*\//\1/p' "$case")
[ -n "$expect" ] || { echo "$case: no line 'expect: REGEX'"; exit 1; }

check() { # COMPILER FLAG...
  local cc=$1 text
  shift
  text=$("$cc" "$@" "${flags[@]}" "${warnings[@]}" -c "$case" -o /dev/null \
    2>&1) || {
    printf '%s: the right twin does not compile with %s\n%s\n' \
      "$case" "$cc" "$text"
    return 1
  }
  if text=$("$cc" "$@" "${flags[@]}" -DWRONG -c "$case" -o /dev/null \
    2>&1); then
    printf '%s: the wrong twin compiles with %s\n' "$case" "$cc"
    return 1
  fi
  grep -Eq -- "$expect" <<<"$text" || {
    printf '%s: %s refuses it, but not for /%s/\n%s\n' \
      "$case" "$cc" "$expect" "$text"
    return 1
  }
}

status=0
tried=' '
for cc in "$first" gcc clang; do
  path=$(command -v "$cc") || continue
  path=$(readlink -f "$path")
  case $tried in *" $path "*) continue ;; esac
  tried+="$path "
  check "$cc" "${c[@]}" || status=1
done
# g++ does not look for an unused result behind the comma of VT_DEBUG's macros.
if grep -q 'also: c++' "$case" && [[ " $* " != *' -DVT_DEBUG '* ]]; then
  for cc in g++ clang++; do
    command -v "$cc" >/dev/null || continue
    check "$cc" "${cxx[@]}" || status=1
  done
fi
exit $status
