#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# check_tree.sh ROOT
# Every source, public header and test is listed for the build; every C file
# has its SPDX line and at most 500 lines; nothing is left to be done later;
# the versions agree, and the changelog's top is this version or Unreleased.
set -euo pipefail

cd "$1"
readonly max_lines=500
bad=0

complain() {
  echo "$*"
  bad=1
}

# listed FILE TOP: a CMakeLists.txt of the folder TOP names the file, or that
# beside it names it without the .c.
listed() {
  local name=${1##*/}
  grep -rqw --include=CMakeLists.txt -e "$name" "$2" ||
    grep -qsw -e "${name%.c}" "$(dirname "$1")/CMakeLists.txt"
}

check_listed() {
  local file
  while read -r file; do
    grep -q "^ *${file#*/}\$" lib/CMakeLists.txt ||
      complain "$file: not listed in lib/CMakeLists.txt"
  done < <(find lib -name '*.c' | sort && find include -name '*.h' | sort)
  while read -r file; do
    listed "$file" "${file%%/*}" || is_named_test "$file" ||
      complain "$file: no CMakeLists.txt of ${file%%/*} lists it"
  done < <(find samples tests -name '*.c' | sort)
}

# tests/a/test_b.c is a test when it is listed as a/b, or as b beside it.
is_named_test() {
  local name
  name=$(sed -n 's:^tests/\(.*/\)\?test_\([a-z0-9_]*\)\.c$:\1\2:p' <<<"$1")
  [ -n "$name" ] || return 1
  grep -qE "vt_test(_forms|_debug|_both_ways)?\($name( |\)|$)" tests/CMakeLists.txt ||
    grep -qsE "vt_conformance(_forms|_o0)?\(${name##*/}( |\)|$)" \
      "$(dirname "$1")/CMakeLists.txt"
}

check_sources() {
  local file lines
  while read -r file; do
    head -1 "$file" | grep -q 'SPDX-License-Identifier: MIT' ||
      complain "$file: its first line is not the SPDX line"
    lines=$(wc -l <"$file")
    [ "$lines" -le $max_lines ] ||
      complain "$file: $lines lines, $max_lines are allowed"
  done < <(find lib include samples -name '*.[ch]' | sort)
}

check_nothing_left() {
  local hit mark='TO''DO|FIX''ME|WHILE THE TREE'' GROWS'
  while read -r hit; do
    complain "$hit"
  done < <(grep -rnEw "$mark" --exclude-dir=build --exclude-dir=.git \
    --include='*.[ch]' --include='*.in' --include='*.sh' --include='*.md' \
    --include='*.cmake' --include=CMakeLists.txt . | cut -c 3-)
}

check_versions() {
  local project top
  project=$(sed -n 's/^project(vt VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
  [ -n "$project" ] || complain 'CMakeLists.txt: no project(vt VERSION ...)'
  top=$(sed -n 's/^## \([^ ]*\).*/\1/p' CHANGELOG.md 2>/dev/null |
    head -1) || true
  [ "$top" = Unreleased ] || [ "$top" = "$project" ] ||
    complain "CHANGELOG.md: its top is '$top', the version is $project"
  # One number, one place: everything else is filled from project(VERSION).
  for file in include/vt/version.h.in cmake/vt.pc.in; do
    grep -q '@PROJECT_VERSION@' "$file" ||
      complain "$file: the version is not filled from project(VERSION)"
  done
}

check_listed
check_sources
check_nothing_left
check_versions
exit $bad
