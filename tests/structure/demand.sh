#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Sourced by the twins of checks: what shows that a check can fail.
planted=0

# demand TEXT COMMAND...: it fails, and its output holds TEXT.
demand() {
  local text=$1 output
  shift
  planted=$((planted + 1))
  if output=$("$@" 2>&1); then
    echo "planted and not found: $text"
    exit 1
  fi
  if ! grep -qF -- "$text" <<<"$output"; then
    printf 'failed without naming: %s\n%s\n' "$text" "$output"
    exit 1
  fi
}

if [ -n "${table-}" ]; then
  copy=$(mktemp)
  readonly copy
  trap 'rm -f "$copy"' EXIT
fi

# plant SED-SCRIPT TEXT: $copy is $table changed, and check, which the twin
# defines, must fail with TEXT.
plant() {
  sed "$1" "$table" >"$copy"
  if cmp -s "$table" "$copy"; then
    echo "nothing is changed by: $1"
    exit 1
  fi
  demand "$2" check
}
