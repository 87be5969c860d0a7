#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# consumer.sh KIND TREE BUILD WORK-DIR COMPILER VERSION
# Builds and runs main.c, and where CMake builds sim.c too, as a user's project
# does. KIND is install (which the others need), find_package,
# find_package_refused, pkg_config or add_subdirectory.
set -euo pipefail

readonly kind=$1 tree=$2 build=$3 work=$4 compiler=$5 version=$6
readonly prefix=$work/prefix
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here
export LD_LIBRARY_PATH=

configure() { # FOLDER ARG...
  rm -rf "${work:?}/$1"
  cmake -S "$here/$1" -B "$work/$1" -DCMAKE_C_COMPILER="$compiler" \
    -DCMAKE_BUILD_TYPE=Release "${@:2}"
}

# Installed in one place and moved to another: nothing may name the first.
do_install() {
  rm -rf "$prefix" "$work/first"
  cmake --install "$build" --prefix "$work/first"
  if grep -rlF -e "$work" -e "$tree" "$work/first" --include='*.cmake' \
    --include='*.pc'; then
    echo 'an installed file names the folder it was installed to'
    exit 1
  fi
  mv "$work/first" "$prefix"
}

do_find_package() {
  configure find_package -DCMAKE_PREFIX_PATH="$prefix" \
    -DVT_WANTED="${version%.*}"
  cmake --build "$work/find_package"
  "$work/find_package/consumer"
  "$work/find_package/consumer_sim"
}

# Another minor version is another interface until 1.0.
do_find_package_refused() {
  local other="${version%%.*}.99"
  if configure find_package -DCMAKE_PREFIX_PATH="$prefix" \
    -DVT_WANTED="$other" >"$work/refused.log" 2>&1; then
    echo "find_package(vt $other) took version $version"
    exit 1
  fi
  grep -q "version: $version" "$work/refused.log"
}

do_pkg_config() {
  local flags pc
  pc=$(dirname "$(find "$prefix" -name vt.pc)")
  export PKG_CONFIG_PATH=$pc
  [ "$(pkg-config --modversion vt)" = "$version" ]
  read -ra flags < <(pkg-config --cflags --libs vt)
  "$compiler" -O2 -Wall -Wextra -Wpedantic -Werror "$here/main.c" -o "$work/pkg_config" "${flags[@]}"
  LD_LIBRARY_PATH=$(pkg-config --variable=libdir vt) "$work/pkg_config"
}

do_add_subdirectory() {
  configure add_subdirectory -DVT_TREE="$tree"
  cmake --build "$work/add_subdirectory"
  "$work/add_subdirectory/consumer"
  "$work/add_subdirectory/consumer_sim"
}

mkdir -p "$work"
"do_$kind"
