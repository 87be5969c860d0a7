#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# network.sh SERVER CSV
# The cache server and its clients in two network namespaces with a cable
# between: a narrow one that loses packets carries all replies, one that resets
# connections all replies of those who stay, an address may have a scope, and a
# peer whose cable is cut is given up. Needs root, or leave to be it.
set -euo pipefail

readonly server=$1 csv=$2
work=$(mktemp -d)
ends=()
clean_up() {
  local pid
  for pid in ${ends[@]+"${ends[@]}"}; do kill -9 "$pid" 2>/dev/null || true; done
  rm -rf "$work"
}
trap clean_up EXIT

skip() {
  echo "skipped: $*"
  exit 77
}

fail() {
  echo "network: $*" >&2
  cat "$work"/errors* >&2
  exit 1
}

if [ -z "${VT_NETWORK_INSIDE:-}" ]; then
  unshare --net --map-root-user true 2>/dev/null || skip 'no namespaces'
  VT_NETWORK_INSIDE=1 exec unshare --net --map-root-user \
    bash "${BASH_SOURCE[0]}" "$@"
fi

# This is the server's side; the client's is another one, held by a sleep.
unshare --net sleep 180 &
readonly there=$!
ends+=("$there")
disown
for ((tries = 0; tries < 200; tries++)); do
  [ "$(readlink "/proc/$there/ns/net")" = "$(readlink /proc/self/ns/net)" ] ||
    break
  sleep 0.02
done
inside() { nsenter --net="/proc/$there/ns/net" "$@"; }
ip link set lo up
ip link add near type veth peer name far netns "$there" 2>/dev/null ||
  skip 'no veth'
ip addr add 10.99.0.1/24 dev near
ip link set near up
inside ip addr add 10.99.0.2/24 dev far
inside ip link set far up

# serve NAME OPTION...: sets pid and address.
serve() {
  local name=$1 tries
  shift
  : >"$work/$name"
  "$server" --port 0 --db "$work/c.db" --import "$csv" "$@" \
    >"$work/$name" 2>"$work/errors_$name" &
  pid=$!
  ends+=("$pid")
  for ((tries = 0; tries < 400; tries++)); do
    address=$(sed -n 's/^vt-cache-server: listening on //p' "$work/$name")
    [ -z "$address" ] || return 0
    kill -0 "$pid" 2>/dev/null || return 1
    sleep 0.05
  done
  return 1
}

files() { find "/proc/$1/fd" -mindepth 1 2>/dev/null | wc -l; }

stop() {
  kill -TERM "$pid"
  wait "$pid" || fail 'the server failed'
}

# expect_files COUNT SECONDS: the server has no more than so many, soon.
expect_files() {
  local began=$SECONDS
  while [ "$(files "$pid")" -gt "$1" ] && [ $((SECONDS - began)) -lt "$2" ]; do
    sleep 0.2
  done
  [ "$(files "$pid")" -le "$1" ] || fail 'who is gone is still there'
  took=$((SECONDS - began))
}

# ask COUNT: so many replies, to stdout; whoever is reset has fewer.
ask() {
  # shellcheck disable=SC2016 # for the shell there
  inside bash -c '
    exec 3<>"/dev/tcp/${1%:*}/${1##*:}" || exit
    (for ((i = 0; i < $2; i++)); do echo "GET countries"; done; echo QUIT) >&3
    cat <&3' ask "$address" "$1" 2>>"$work/resets"
}

# ask_many CLIENTS COUNT: together; their replies are $work/replies_N.
ask_many() {
  local i askers=()
  for ((i = 0; i < $1; i++)); do
    ask "$2" >"$work/replies_$i" &
    askers+=($!)
  done
  for i in "${askers[@]}"; do wait "$i" || true; done
}

# rule HOOK RULE: for packets that arrive at, or leave, this side.
rule() {
  echo "table inet cable {
    chain rules {
      type filter hook $1 priority 0; $2;
    }
  }"
}

# Of twenty packets each way, one is lost.
lose_packets() {
  local lose i
  lose=$(rule input 'iifname { near, far } numgen random mod 20 0 counter drop')
  nft "$lose"
  inside nft "$lose"
  ask 30 >"$work/right_30"
  ask_many 20 30
  lost=$(nft list table inet cable | sed -n 's/.*packets \([0-9]*\).*/\1/p')
  nft delete table inet cable
  inside nft delete table inet cable
  [ "$lost" -gt 0 ] || fail 'nothing was lost'
  [ "$(grep -c 'Afghanistan' "$work/right_30")" -eq 30 ] ||
    fail 'replies are lost with their packets'
  for ((i = 0; i < 20; i++)); do
    cmp "$work/right_30" "$work/replies_$i" || fail 'replies are lost or differ'
  done
  expect_files "$before" 60
}

# One of twenty-five packets of the clients is answered with a reset, of which
# the server learns when it probes.
reset_clients() {
  local whole=0 size i
  ask 20 >"$work/right_20"
  nft "$(rule input \
    'tcp flags & (syn | rst) == 0 numgen inc mod 25 24 reject with tcp reset')"
  ask_many 60 20
  nft delete table inet cable
  for ((i = 0; i < 60; i++)); do
    size=$(stat -c %s "$work/replies_$i")
    cmp <(head -c "$size" "$work/right_20") "$work/replies_$i" ||
      fail 'replies differ'
    ! cmp -s "$work/right_20" "$work/replies_$i" || whole=$((whole + 1))
  done
  echo "network: $lost packets were lost, $((60 - whole)) of 60 clients reset"
  [ "$whole" -lt 60 ] || fail 'nobody was reset'
  [ "$whole" -gt 0 ] || fail 'who was not reset had no replies'
  expect_files "$before" 60
}

# At 20 Mbit/s, in segments of an Ethernet.
tc qdisc add dev near root tbf rate 20mbit burst 16kb latency 100ms ||
  skip 'no tbf'
serve narrow --bind 10.99.0.1 --keepalive 6s || fail 'it did not start'
ask 300 >"$work/replies"
[ "$(grep -c 'Afghanistan' "$work/replies")" -eq 300 ] || fail 'replies are lost'
[ "$(grep Afghanistan "$work/replies" | sort -u | wc -l)" -eq 1 ] ||
  fail 'replies differ'
tail -c 5 "$work/replies" | grep -q '+OK' || fail 'the last reply is lost'

before=$(files "$pid")
if nft "$(rule input accept)" 2>/dev/null; then
  nft delete table inet cable
  lose_packets
  reset_clients
else
  echo 'network: no nftables here'
fi
stop
tc qdisc del dev near root

# An address that needs its link's name.
if ip -6 addr add fe80::99/64 dev near nodad 2>/dev/null; then
  serve scope --bind fe80::99%near || fail 'an address with a scope is refused'
  stop
  if serve gone --bind fe80::98%near; then fail 'it listens nowhere'; fi
  grep -q 'address' "$work/errors_gone" || fail 'the address is not named'
else
  echo 'network: no IPv6 here'
fi

# One is idle, one has replies that it does not read; then nobody hears them.
serve cut --bind 10.99.0.1 --keepalive 6s --request-timeout 3s ||
  fail 'it did not start'
ask 1 >"$work/one" # what is loaded keeps a connection to the database
before=$(files "$pid")
# Not by a function, so that what is killed at the end is the client itself.
nsenter --net="/proc/$there/ns/net" bash -c '
  exec 3<>"/dev/tcp/${1%:*}/${1##*:}" 4<>"/dev/tcp/${1%:*}/${1##*:}"
  echo PING >&3
  read -r line <&3
  (for ((i = 0; i < 5000; i++)); do echo "GET countries"; done) >&4
  echo ready
  exec sleep 180' cut "$address" >"$work/peer" 2>&1 &
ends+=($!)
disown
for ((tries = 0; tries < 400; tries++)); do
  ! grep -q ready "$work/peer" || break
  sleep 0.05
done
[ "$(files "$pid")" -eq $((before + 2)) ] || fail 'two are not connected'
inside ip link set far down
expect_files "$before" 60
echo "network: given up after $took s"
stop
echo 'network: all as expected'
