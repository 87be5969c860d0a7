#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# check_layers.sh ROOT
# A file of lib/ and include/ includes from its own floor or below; samples
# include <vt.h>, their own headers and the system's; libuv's functions are
# called from lib/op and lib/core/loop.c only. Each violation is one line.
set -euo pipefail

cd "$1"
readonly floors=tests/structure/floors.txt
bad=0

complain() {
  echo "$*"
  bad=1
}

# base < core < op < combine, sync < io, cache
declare -A height=([base]=1 [core]=2 [op]=3 [combine]=4 [sync]=4 [io]=5
  [cache]=5)

# The floor of each public header, from the list.
declare -A public_floor=()
while read -r floor names; do
  for name in $names; do
    public_floor[$name]=$floor
  done
done < <(grep -v '^#' "$floors")

# Sets floor to that of what an #include names; to nothing for the system's.
find_floor() {
  local name=${1#vt/}
  case $1 in
  vt.h) floor=users ;;
  vt/*) floor=${public_floor[${name%.h}]:-} ;;
  */*) floor=${1%%/*} && [ -n "${height[$floor]:-}" ] || floor= ;;
  *) floor= ;;
  esac
}

# QUOTE<tab>HEADER for each #include of a file.
includes() {
  sed -n 's/^ *# *include *\(["<]\)\([^">]*\)[">].*/\1\t\2/p' "$1"
}

check_library_file() { # FILE FLOOR
  local file=$1 own=$2 quote header floor
  while IFS=$'\t' read -r quote header; do
    find_floor "$header"
    if [ "$quote" = '"' ] && [ -z "$floor" ]; then
      complain "$file: \"$header\" is on no floor (see $floors)"
    elif [ "$floor" = users ]; then
      complain "$file: includes $header, which is for users"
    elif [ -n "$floor" ] &&
      [ "${height[$floor]}" -gt "${height[$own]}" ]; then
      complain "$file: $own includes $header of $floor above it"
    elif [ "$floor" != "$own" ] && [ -n "$floor" ] &&
      [ "${height[$floor]}" -eq "${height[$own]}" ]; then
      complain "$file: $own includes $header of $floor beside it"
    fi
  done < <(includes "$file")
}

check_library() {
  local file floor
  while read -r file; do
    floor=${file#lib/}
    check_library_file "$file" "${floor%%/*}"
  done < <(find lib -name '*.[ch]' | sort)
}

check_public_headers() {
  local file floor
  while read -r file; do
    find_floor "${file#include/}"
    if [ -z "$floor" ]; then
      complain "$file: its floor is not in $floors"
    else
      check_library_file "$file" "$floor"
    fi
  done < <(find include/vt -name '*.h' | sort)
}

check_samples() {
  local file quote header
  while read -r file; do
    while IFS=$'\t' read -r quote header; do
      if [ "$quote" = '"' ] && ! is_sample_header "$file" "$header"; then
        complain "$file: \"$header\" is no header of the samples"
      else
        check_angled "$file" "$header"
      fi
    done < <(includes "$file")
  done < <(find samples -name '*.[ch]' | sort)
}

check_angled() { # FILE HEADER
  local floor
  find_floor "$2"
  case $2 in
  vt.h) return ;;
  vt/*) floor=public ;;
  esac
  [ -z "$floor" ] || complain "$1: includes $2; samples include <vt.h> only"
}

is_sample_header() {
  [ -e "$(dirname "$1")/$2" ] || [ -e "samples/$2" ]
}

# The file with comments and texts blanked, lines kept.
code_of() {
  sed -e 's/"[^"]*"/""/g' -e 's://.*$::' -e 's:/\*[^*]*\*/: :g' "$1" |
    awk '{
      line = $0
      if (inside) {
        at = index(line, "*/")
        if (!at) { print ""; next }
        line = substr(line, at + 2); inside = 0
      }
      at = index(line, "/*")
      if (at) { line = substr(line, 1, at - 1); inside = 1 }
      print line
    }'
}

# Turning a code into a text is no call into the loop.
check_libuv_calls() {
  local file hit
  while read -r file; do
    case $file in lib/op/* | lib/core/loop.c) continue ;; esac
    while read -r hit; do
      complain "$file:$hit is called outside lib/op and lib/core/loop.c"
    done < <(code_of "$file" | grep -no '\<uv_[a-z0-9_]*(' |
      grep -v ':uv_\(strerror\|err_name\)\(_r\)\?(' | tr -d '(')
  done < <(find lib include -name '*.[ch]' | sort)
}

check_library
check_public_headers
check_samples
check_libuv_calls
exit $bad
