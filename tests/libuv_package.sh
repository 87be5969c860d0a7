#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# libuv_package.sh [VERSION]
# On Debian 12, the libuv that is installed (or VERSION) has the correction of
# CVE-2024-24806, the cut name of getaddrinfo. Elsewhere: skipped (77).
set -euo pipefail

readonly least=1.44.2-1+deb12u1

if [ $# -eq 0 ]; then
  . /etc/os-release 2>/dev/null || true
  if [ "${ID:-}" != debian ] || [ "${VERSION_ID:-}" != 12 ]; then
    echo "skipped: not Debian 12"
    exit 77
  fi
fi
version=${1:-$(dpkg-query --show --showformat='${Version}' libuv1)}
if ! dpkg --compare-versions "$version" ge "$least"; then
  echo "libuv1 is $version: $least corrects CVE-2024-24806"
  exit 1
fi
