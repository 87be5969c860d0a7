#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs what is missing, builds the release preset, runs every test.
# The last line and the exit status are ctest's.
#
#   tests/run.sh            everything
#   tests/run.sh --clients  builds, and runs only the cache server's clients
#   tests/run.sh --core     only what needs a compiler, CMake, libuv and cmocka
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly needed=(gcc libc6-dev make cmake pkg-config libuv1-dev libcmocka-dev)
readonly samples=(libsqlite3-dev libpq-dev libhttp-parser-dev
  libcurl4-openssl-dev redis-tools redis-server)
# What only tests of the cache server's clients need.
readonly clients=(libhiredis-dev nodejs npm chromium chromium-driver postgresql
  curl wrk nginx-light)
readonly tools=(clang libclang-rt-14-dev g++ valgrind gdb strace procps
  binutils faketime iproute2 nftables relacy-dev spin systemd
  gcc-mingw-w64-x86-64)

install_clients() {
  echo 'run: the cache server is tested with Node, Chromium and PostgreSQL: some' \
    '800 MB of packages if none is there, and 13 MB from npm in the build folder'
  bash tests/packages.sh "${clients[@]}"
}

case "${1:-}" in
'')
  bash tests/packages.sh "${needed[@]}" "${samples[@]}" "${tools[@]}"
  install_clients
  cmake --preset release -DVT_BUILD_TESTS=ON -DVT_BUILD_SAMPLES=ON
  cmake --build --preset release
  exec ctest --preset release
  ;;
--clients)
  bash tests/packages.sh "${needed[@]}" "${samples[@]}"
  install_clients
  cmake --preset release -DVT_BUILD_TESTS=ON -DVT_BUILD_SAMPLES=ON
  cmake --build --preset release
  exec ctest --preset release -L clients
  ;;
--core)
  bash tests/packages.sh "${needed[@]}"
  cmake --preset release -B build/core -DVT_BUILD_SAMPLES=OFF
  cmake --build build/core --parallel 2
  exec ctest --test-dir build/core --output-on-failure --parallel 2
  ;;
*)
  echo 'usage: tests/run.sh [--clients | --core]' >&2
  exit 2
  ;;
esac
