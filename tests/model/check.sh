#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# check.sh MODEL
# MODEL.cpp (relacy) or MODEL.pml (spin) holds, searched whole, and each of its
# twins "WEAK=N [RESULT] what is weak" of its head comment compiles, and fails
# with RESULT. Without relacy's header a skip (77), or a failure with
# VT_REQUIRE_TOOLS=1.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here model=$1
work=$(mktemp -d)
readonly work
trap 'rm -rf "$work"' EXIT
cd "$work"

missing_relacy() {
  echo '#include <relacy/relacy_std.hpp>' |
    g++ -std=gnu++98 -fpermissive -w -fsyntax-only -x c++ - 2>/dev/null &&
    return 1
  if [ "${VT_REQUIRE_TOOLS:-0}" = 1 ]; then
    echo 'missing: relacy-dev (VT_REQUIRE_TOOLS is set)' >&2
    exit 1
  fi
  echo 'skipped: relacy-dev not installed'
}

# Each builds ./model of twin $1, and sets what a whole search says that found
# nothing, and what stands before a result.
build_cpp() {
  held=SUCCESS fault='_model: '
  local level=-O0 # a twin fails soon: what counts is the compiler's time
  [ "$1" -ne 0 ] || level=-O1
  g++ -std=gnu++98 -fpermissive -w $level "-DWEAK=$1" -I"$here" \
    "$here/$model.cpp" -o model
}

build_pml() {
  held='errors: 0' fault='pan:1: '
  cp "$here/$model.pml" .
  spin "-DWEAK=$1" -a "$model.pml" >spin.out || {
    cat spin.out
    return 1
  }
  gcc -O2 -w -o model pan.c
}

kind=cpp
[ -e "$here/$model.cpp" ] || kind=pml
source=$here/$model.$kind
if [ $kind = cpp ] && missing_relacy; then exit 77; fi

build_$kind 0
status=0
./model -m1000000 >out 2>&1 || status=$?
if [ $status -ne 0 ] || ! grep -qF "$held" out ||
  grep -q 'max search depth too small' out; then
  cat out
  echo "$model: does not hold"
  exit 1
fi
grep -E 'schedules|states, stored' out

twins=0
while IFS=$'\t' read -r number result text; do
  build_$kind "$number"
  status=0
  ./model -m1000000 >out 2>&1 || status=$?
  if [ $status -ge 128 ] || ! grep -qF -- "$fault$result" out; then
    tail -40 out
    echo "$model: twin $number does not fail with '$result' (status $status)"
    exit 1
  fi
  echo "twin $number fails with $result: $text"
  twins=$((twins + 1))
done < <(sed -n 's/^ \* WEAK=\([0-9]*\) \[\([^]]*\)\] \(.*\)/\1\t\2\t\3/p' \
  "$source" | sed 's/ \*\/$//')
[ $twins -gt 0 ] || { echo "$model: no twin"; exit 1; }
