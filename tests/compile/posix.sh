#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# posix.sh COMPILER WORK-DIR INCLUDE-DIR... -- SOURCE...
# The sources compile, as objects, where there is nothing of Linux's own, and
# call nothing of it: what they did on Linux, libuv does there. The system's
# headers are Linux's, so a type of them is not missed.
set -euo pipefail

readonly compiler=$1 work=$2
shift 2

flags=(-std=gnu11 -Wall -Wextra -Wpedantic -Werror)
flags+=(-U__linux__ -U__linux -Ulinux -U__gnu_linux__)
flags+=(-include "$(dirname "$(realpath "$0")")/posix.h")
while [ "$1" != -- ]; do
  flags+=("-I$1")
  shift
done
shift

rm -rf "$work"
mkdir -p "$work"
cd "$work"
"$compiler" "${flags[@]}" -c "$@"
if nm -uA ./*.o | grep -Ew 'syscall|accept4|dup3|openat2|pipe2|preadv2|statx'; then
  echo 'calls of Linux alone'
  exit 1
fi
echo "$(find . -name '*.o' | wc -l) objects"
