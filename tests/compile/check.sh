#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# check.sh CASE.c COMPILER FLAG...
# A case has a near twin: with -DWRONG it must not compile, and the message must
# match its line "expect: REGEX"; without it it must, with every warning on.
# Tried with COMPILER, and with gcc and clang where they are installed.
set -euo pipefail

case=$1
first=$2
shift 2
flags=(-std=gnu11 -O1 -Werror "$@")
warnings=(-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes)
expect=$(sed -n 's/.*expect: \(.*\) \*\//\1/p' "$case")
[ -n "$expect" ] || { echo "$case: no line 'expect: REGEX'"; exit 1; }

check() {
  local cc=$1 text
  text=$("$cc" "${flags[@]}" "${warnings[@]}" -c "$case" -o /dev/null 2>&1) || {
    printf '%s: the right twin does not compile with %s\n%s\n' \
      "$case" "$cc" "$text"
    return 1
  }
  if text=$("$cc" "${flags[@]}" -DWRONG -c "$case" -o /dev/null 2>&1); then
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
  check "$cc" || status=1
done
exit $status
