#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# check_sites.sh ROOT
# Every function of the public headers that gives a value task has its macro in
# <vt/debug.h>, so that a report names the line of the call. Each one that has
# none is one line.
set -euo pipefail

cd "$1"
# In hand always, or of a source that is the caller's; vt_start notes its line
# itself, the others do where their operation is made.
without='^vt_(done|failed|from_.*|start|op_started|wrap_started|.*_case|reset_source_task)$'
readonly without

givers() {
  cat include/vt/*.h | tr '\n' ' ' |
    grep -oE 'VT_MUST_USE vt_t +vt_[a-z0-9_]+\(' | sed 's/.* //; s/($//' |
    grep -vE "^vt__|$without" | sort -u
}

macros() {
  sed -n 's/^#define \(vt_[a-z0-9_]*\)(.*/\1/p' include/vt/debug.h | sort -u
}

[ "$(givers | wc -l)" -gt 100 ] || {
  echo "include/vt: these were not the headers"
  exit 1
}
missing=$(comm -23 <(givers) <(macros))
[ -z "$missing" ] && exit 0
sed 's/$/: no macro in vt\/debug.h/' <<<"$missing"
exit 1
