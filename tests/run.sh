#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs what is missing, builds the release preset, runs every test.
# The last line and the exit status are ctest's.
#
#   tests/run.sh          everything
#   tests/run.sh --core   only what needs a compiler, CMake, libuv and cmocka
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly needed=(gcc libc6-dev make cmake pkg-config libuv1-dev libcmocka-dev)
readonly samples=(libsqlite3-dev libcurl4-openssl-dev redis-tools
  redis-server)
readonly tools=(clang libclang-rt-14-dev g++ valgrind gdb strace procps
  binutils relacy-dev spin gcc-mingw-w64-x86-64)

case "${1:-}" in
'')
  bash tests/packages.sh "${needed[@]}" "${samples[@]}" "${tools[@]}"
  cmake --preset release -DVT_BUILD_TESTS=ON -DVT_BUILD_SAMPLES=ON
  cmake --build --preset release
  exec ctest --preset release
  ;;
--core)
  bash tests/packages.sh "${needed[@]}"
  cmake --preset release -B build/core -DVT_BUILD_SAMPLES=OFF
  cmake --build build/core --parallel 2
  exec ctest --test-dir build/core --output-on-failure --parallel 2
  ;;
*)
  echo 'usage: tests/run.sh [--core]' >&2
  exit 2
  ;;
esac
