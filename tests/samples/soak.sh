#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# soak.sh SOAK SERVER [SECONDS]
# The cache server under clients of all kinds, for ten minutes or so long.
set -euo pipefail

export VT_CACHE_SERVER=$2
exec "$1" "${3:-600}"
