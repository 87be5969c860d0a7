# SPDX-License-Identifier: MIT
# To be sourced. start SERVER ARG...: starts a server that listens on a port of
# its choice, and sets pid and port; it is killed, and $work is gone, at exit.
work=$(mktemp -d)
pid=
port=
clean_up() {
  [ -z "$pid" ] || kill -9 "$pid" 2>/dev/null || true
  rm -rf "$work"
}
trap clean_up EXIT

start() {
  local tries
  : >"$work/out"
  "$@" >"$work/out" &
  pid=$!
  for ((tries = 0; tries < 400; tries++)); do
    port=$(sed -n 's/^listening on .*:\([0-9]*\)$/\1/p' "$work/out")
    [ -z "$port" ] || break
    kill -0 "$pid" # else it has ended
    sleep 0.05
  done
}
