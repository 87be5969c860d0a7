#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# check_needed.sh LIBRARY
# The shared library needs libuv and the C library, and nothing else.
set -euo pipefail

needed=$(readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
bad=0

for library in $needed; do
  case $library in
  libuv.so.* | libc.so.* | ld-linux*.so.*) ;;
  libpthread.so.* | libdl.so.* | librt.so.*) ;; # parts of an older C library
  *)
    echo "$1: needs $library"
    bad=1
    ;;
  esac
done

case $needed in
*libuv.so*) ;;
*)
  echo "$1: does not need libuv, so this was not the library"
  bad=1
  ;;
esac
exit $bad
