#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# files.sh WC GREP_C ROOT
# The samples wc and grep_c over the sources, over files with odd ends and over
# one of many MiB answer what the system's wc and grep do.
set -euo pipefail

readonly wc_sample=$1 grep_sample=$2 root=$3
export LC_ALL=C
work=$(mktemp -d)
readonly work
trap 'rm -rf "$work"' EXIT

printf '' >"$work/empty"
printf 'no end' >"$work/no-end"
printf '\n\n\r\n x \0vt_ y\n' >"$work/zeros"
head -c 3000000 /dev/zero | tr '\0' x >"$work/one-line"
for _ in 1 2 3 4 5 6 7 8; do
  cat "$root"/README.md "$root"/CHANGELOG.md "$root"/lib/*/*.c
done >"$work/many"

# same NAME WANTED GOT
same() {
  [ "$2" = "$3" ] && return
  echo "$1: wanted '$2', got '$3'"
  exit 1
}

for file in "$work"/* "$root"/include/vt/*.h; do
  wanted=$(wc "$file" | awk '{ print $1, $2, $3, $4 }')
  same "wc $file" "$wanted" "$("$wc_sample" "$file")"
  for text in vt_ vt_reader x 'no end' 'not there at all, surely'; do
    wanted=$(grep -a -c -F -e "$text" "$file") || [ $? = 1 ]
    got=$("$grep_sample" "$text" "$file") || [ $? = 1 ]
    same "grep_c $text $file" "$wanted" "$got"
  done
done

wanted=$(wc "$work"/* | awk '{ print $1, $2, $3, $4 }')
same 'wc of all' "$wanted" "$("$wc_sample" "$work"/*)"
status=0
"$wc_sample" "$work/absent" 2>"$work/err" || status=$?
same 'wc of an absent file' 1 $status
status=0
"$grep_sample" x "$work/absent" 2>"$work/err" || status=$?
same 'grep_c of an absent file' 2 $status
