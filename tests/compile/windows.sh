#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# windows.sh COMPILER UV-HEADER WORK-DIR INCLUDE-DIR... -- SOURCE...
# The sources compile for Windows, as objects: what libuv has on every system is
# used on every system. Libuv's own headers are the installed ones, which have
# Windows' part too, without the system's beside them.
set -euo pipefail

readonly compiler=$1 uv_header=$2 work=$3
shift 3

# Without the half of windows.h that nobody here uses: that takes half the time.
flags=(-std=gnu11 -Wall -Wextra -Werror -D_WIN32_WINNT=0x0602
  -DWIN32_LEAN_AND_MEAN "-I$work/include")
while [ "$1" != -- ]; do
  flags+=("-I$1")
  shift
done
shift

rm -rf "$work"
mkdir -p "$work/include"
ln -s "$uv_header" "$work/include/uv.h"
ln -s "${uv_header%.h}" "$work/include/uv"
cd "$work"
"$compiler" "${flags[@]}" -c "$@"
echo "$(find . -name '*.o' | wc -l) objects"
