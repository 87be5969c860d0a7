#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# check_headers.sh COMPILER STANDARD INCLUDE-DIR...
# Every header of the include folders compiles alone, without a warning, as a
# user has it: plain, with VT_DEBUG, with VT_LABELS. A struct whose name is a
# function's too has no tag: g++ takes that for a shadow.
set -euo pipefail

readonly compiler=$1 standard=$2
shift 2
readonly flags=(-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow
  -Wcast-qual -Wcast-align -Wswitch-enum -Wundef -Werror -fsyntax-only)
read -ra uv < <(pkg-config --cflags libuv 2>/dev/null || true)
bad=0

language=c
case $standard in *++*) language=c++ ;; esac

dirs=()
for dir in "$@"; do
  dirs+=("-I$dir")
done

compiles() { # HEADER DEFINITION...
  printf '#include <%s>\ntypedef int not_empty;\n' "$1" | "$compiler" -x "$language" "-std=$standard" \
    "${flags[@]}" "${@:2}" "${dirs[@]}" "${uv[@]}" -
}

for dir in "$@"; do
  while read -r header; do
    for define in -DVT_PLAIN -DVT_DEBUG -DVT_LABELS; do
      if ! compiles "$header" $define; then
        echo "$header: does not compile alone ($compiler, $standard, $define)"
        bad=1
      fi
    done
  done < <(cd "$dir" && find . -name '*.h' | cut -c 3- | sort)
done
exit $bad
