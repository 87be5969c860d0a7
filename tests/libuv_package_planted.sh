#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# An older package is found, and named.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/structure/demand.sh"

for version in 1.44.2-1 1.43.0-1; do
  demand "libuv1 is $version" bash "$here/libuv_package.sh" "$version"
done
bash "$here/libuv_package.sh" 1.44.2-1+deb12u1
bash "$here/libuv_package.sh" 1.48.0-5

echo "$planted violations planted, each found"
