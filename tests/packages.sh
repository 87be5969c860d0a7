#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# packages.sh PACKAGE...
# Installs those of the named Debian packages whose tools or files are missing.
# With everything there it needs no apt, no network and no root. No daemon is
# started or enabled. Only the part after --as-root runs as root.
set -euo pipefail

policy=/usr/sbin/policy-rc.d
saved=$policy.vt-saved
marker='vt: no daemon is started while packages are installed'

say() { echo "packages: $*"; }

have() { command -v "$1" >/dev/null 2>&1; }

have_module() { have pkg-config && pkg-config --exists "$1" 2>/dev/null; }

have_header() { echo "#include <$1>" | cc -E -x c - >/dev/null 2>&1; }

have_clang_runtime() {
  local dir
  dir=$(clang -print-resource-dir 2>/dev/null) &&
    compgen -G "$dir/lib/*/libclang_rt.asan*" >/dev/null
}

# Whether what a package is wanted for is there, wherever it came from.
present() {
  case $1 in
  gcc) have gcc && have cc ;;
  g++ | make | cmake | pkg-config | clang | valgrind | gdb | strace) have "$1" ;;
  libc6-dev) have_header stdio.h ;;
  libuv1-dev) have_module 'libuv >= 1.44.2' ;;
  libsqlite3-dev) have_module sqlite3 ;;
  libcmocka-dev) have_module cmocka ;;
  libcurl4-openssl-dev) have_module libcurl ;;
  gcc-mingw-w64-x86-64) have x86_64-w64-mingw32-gcc ;;
  libclang-rt-14-dev) have_clang_runtime ;;
  relacy-dev) [ -e /usr/include/relacy/relacy_std.hpp ] ;;
  spin) have spin ;;
  redis-tools) have redis-cli && have redis-benchmark ;;
  redis-server) have redis-server ;;
  libpq-dev) have_module libpq ;;
  libhttp-parser-dev) have_header http_parser.h ;;
  libhiredis-dev) have_module hiredis ;;
  nodejs) have node ;;
  npm | chromium | curl | wrk) have "$1" ;;
  chromium-driver) have chromedriver ;;
  nginx-light) have nginx || [ -x /usr/sbin/nginx ] ;;
  postgresql) compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null ;;
  procps) have ps && have pgrep ;;
  binutils) have nm && have readelf ;;
  *) dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed' ;;
  esac
}

fail() {
  echo "packages: $1; install these yourself: ${*:2}" >&2
  exit 1
}

# How to become root: nothing, or sudo when it can be had.
root_prefix() {
  [ "$(id -u)" -eq 0 ] && return 0
  have sudo || return 1
  sudo -n true 2>/dev/null || { [ -t 0 ] && sudo -v; } || return 1
  echo sudo
}

main() {
  local package missing=() prefix
  for package in "$@"; do
    present "$package" || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0

  have apt-get || fail 'this is not Debian' "${missing[@]}"
  prefix=$(root_prefix) || fail 'neither root nor sudo' "${missing[@]}"
  say "missing: ${missing[*]}"
  # shellcheck disable=SC2086 # empty, or the one word sudo
  $prefix bash "${BASH_SOURCE[0]}" --as-root "${missing[@]}"

  for package in "${missing[@]}"; do
    present "$package" || fail 'installed, and still not found' "$package"
  done
}

# --- from here on as root ---

is_ours() { [ -e "$policy" ] && grep -q "$marker" "$policy"; }

# A policy of 101 refuses every start. The one found is kept and put back;
# one of ours is left from a run that was killed, and what it kept still lies
# beside it.
forbid_daemons() {
  if [ -e "$policy" ] && ! is_ours; then
    mv "$policy" "$saved"
  fi
  printf '#!/bin/sh\n# %s\nexit 101\n' "$marker" >"$policy.vt-new"
  chmod 755 "$policy.vt-new"
  mv "$policy.vt-new" "$policy"
}

restore_policy() {
  if [ -e "$saved" ]; then
    mv "$saved" "$policy"
  elif is_ours; then
    rm -f "$policy"
  fi
}

installed() { dpkg-query -W -f '${db:Status-Status} ${Package}\n' |
  sed -n 's/^installed //p' | sort -u; }

# Packages enable their units when installed; for the new ones that is undone.
disable_new_daemons() {
  local package file name
  for package in "$@"; do
    # deb-systemd-helper serves the scripts of a package only.
    export DPKG_MAINTSCRIPT_PACKAGE=$package
    dpkg-query -L "$package" 2>/dev/null |
      grep -E '^(/usr)?/lib/systemd/system/[^/]+$|^/etc/init\.d/[^/]+$' |
      sort -r | while read -r file; do
        name=${file##*/}
        case $file in
        /etc/init.d/*) disable_init_script "$name" ;;
        *.service | *.socket | *.timer | *.path) disable_unit "$name" ;;
        esac
      done || true
  done
}

disable_unit() {
  deb-systemd-helper was-enabled "$1" >/dev/null 2>&1 || return 0
  say "not enabled: $1"
  deb-systemd-helper disable "$1" >/dev/null || true
}

disable_init_script() {
  have update-rc.d || return 0
  update-rc.d "$1" disable >/dev/null 2>&1 || true
}

apt() {
  DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 NEEDRESTART_SUSPEND=1 \
    apt-get -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 \
    -o Dpkg::Options::=--force-confold -o Dpkg::Use-Pty=0 "$@" </dev/null
}

before=

# Also when apt failed or was interrupted half way.
clean_up() {
  # shellcheck disable=SC2046 # a word a package
  disable_new_daemons $(comm -13 <(echo "$before") <(installed))
  restore_policy
}

install_as_root() {
  export LC_ALL=C
  exec 9>/run/vt-packages.lock
  flock 9
  before=$(installed)
  trap clean_up EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  forbid_daemons
  apt -qq update || say 'the package lists could not be refreshed'
  apt -q install -y --no-install-recommends "$@"
}

if [ "${1:-}" = --as-root ]; then
  shift
  install_as_root "$@"
else
  main "$@"
fi
