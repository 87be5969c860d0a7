#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The cache server on real data, from a bare Debian 12 and this checkout.
#
#   samples/demo.sh           installs what is missing, builds, and serves in
#                             the foreground; prints what to try it with
#   samples/demo.sh --check   the same on a free port: plays a session through
#                             redis-cli, compares every answer, and stops
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly server=build/release/samples/cache_server/vt-cache-server
readonly data=build/demo
readonly csv=samples/countries/iso_3166-1.csv

prepare() {
  local tests=OFF
  bash tests/packages.sh gcc libc6-dev make cmake pkg-config \
    libuv1-dev libsqlite3-dev libpq-dev libhttp-parser-dev redis-tools
  # The release build may already have its tests: they stay.
  if pkg-config --exists cmocka; then tests=ON; fi
  mkdir -p "$data"
  if ! build $tests >"$data/build.log" 2>&1; then
    cat "$data/build.log" >&2
    echo 'demo: the build failed' >&2
    exit 1
  fi
}

build() {
  cmake --preset release "-DVT_BUILD_TESTS=$1" &&
    cmake --build --preset release --target vt-cache-server
}

# The server's line for two ports; its database is made new from the real data.
serve() {
  exec "$server" --port "$1" --http-port "$2" --db "$data/countries.db" \
    --import "$csv" --log "$data/access.log"
}

# --- in the foreground ---

is_busy() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

first_free_port() { # FROM
  local port=$1
  while is_busy $port; do
    port=$((port + 1))
  done
  echo $port
}

run_in_foreground() {
  local port http
  port=$(first_free_port 7379)
  http=$(first_free_port 8080)
  [ "$port" -eq 7379 ] ||
    echo "demo: port 7379 is in use, so this server takes $port"
  cat <<END
demo: paste these into a second terminal; Ctrl-C stops the server

    redis-cli -p $port GET country:276
    redis-cli -p $port HGETALL country:DE
    redis-cli -p $port GET countries

demo: and look at http://127.0.0.1:$http/

END
  serve "$port" "$http"
}

# --- the check ---

port=
http=
pid=
asked=0
right=0

stop_server() {
  [ -z "$pid" ] || kill "$pid" 2>/dev/null || true
}

# Waits for the line that names the port.
start_server() {
  local out=$data/server.out tries=0
  rm -f "$data/access.log"
  : >"$out" # the loop below may look before the server has started
  (serve 0 0) >"$out" 2>&1 &
  pid=$!
  trap stop_server EXIT
  while [ -z "$port" ] || [ -z "$http" ]; do
    port=$(sed -n 's/^vt-cache-server: listening on .*:\([0-9]*\)$/\1/p' \
      "$out")
    http=$(sed -n 's/^vt-cache-server: http on .*:\([0-9]*\)$/\1/p' "$out")
    tries=$((tries + 1))
    if [ $tries -gt 200 ] || ! kill -0 $pid 2>/dev/null; then
      cat "$out" >&2
      echo 'demo: the server did not start' >&2
      exit 1
    fi
    sleep 0.05
  done
}

cli() { redis-cli -p "$port" "$@" 2>&1; }

judge() { # NAME EXPECTED GOT RIGHT
  asked=$((asked + 1))
  if [ "$4" = yes ]; then
    right=$((right + 1))
    printf 'ok       %s\n' "$1"
  else
    printf 'WRONG    %s\n  expected: %s\n  got:      %s\n' "$1" "$2" "$3"
  fi
}

# is EXPECTED COMMAND...: the whole answer.
is() {
  local expected=$1 got
  shift
  got=$(cli "$@") || true
  judge "$*" "$expected" "$got" "$([ "$got" = "$expected" ] && echo yes)"
}

# like PATTERN COMMAND...: the answer matches a shell pattern.
like() {
  local pattern=$1 got
  shift
  got=$(cli "$@") || true
  # shellcheck disable=SC2053 # a pattern on purpose
  judge "$*" "$pattern" "$got" "$([[ $got == $pattern ]] && echo yes)"
}

# The scripted session.
play() {
  local germany afghanistan
  germany=$(printf '%s\n' numeric 276 alpha_2 DE alpha_3 DEU name Germany \
    official_name 'Federal Republic of Germany' flag '🇩🇪')
  afghanistan=$(printf '%s\n' numeric 4 alpha_2 AF alpha_3 AFG \
    name Afghanistan official_name 'Islamic Republic of Afghanistan' flag '🇦🇫')

  is PONG PING
  is hello ECHO hello
  is Germany GET country:276
  is Germany GET country:DE
  is Germany GET country:DEU
  is Afghanistan GET country:004
  is Afghanistan GET country:4
  is '' GET country:999
  is '(nil)' --no-raw GET country:de
  is '(nil)' --no-raw GET nothing
  is "$germany" HGETALL country:276
  is "$afghanistan" HGETALL country:AF
  is 'Federal Republic of Germany' HGET country:DE official_name
  is '(nil)' --no-raw HGET country:DE capital
  is 249 DBSIZE
  is 1 EXISTS country:276
  is 0 EXISTS country:999
  is "$(printf 'Germany\n\nAfghanistan')" MGET country:276 country:999 country:AF
  like '{"4":"Afghanistan",*}' GET countries
  is OK FLUSHALL
  is Germany GET country:276
  is 249 DBSIZE
  judge_keys
  judge_http
  like "ERR unknown command 'FLY'*" FLY away
  like 'ERR wrong number of arguments for *' GET
  like '# Server*' INFO
  like 'save*' CONFIG GET save
  is OK SELECT 0
  is OK QUIT
}

# get PATH: the last line of the answer.
get() {
  exec 3<>"/dev/tcp/127.0.0.1/$http"
  printf 'GET %s HTTP/1.1\r\nHost: demo\r\nConnection: close\r\n\r\n' "$1" >&3
  tail -n 1 <&3
  exec 3>&-
}

judge_http() {
  local expected='{"numeric":276,"alpha_2":"DE",*' got
  got=$(get /countries/de) || true
  # shellcheck disable=SC2053 # a pattern on purpose
  judge 'GET /countries/de' "$expected" "$got" \
    "$([[ $got == $expected ]] && echo yes)"
}

# Every country and the dictionary.
judge_keys() {
  local got
  got=$(cli KEYS '*' | grep -c -e '^country:[0-9]*$' -e '^countries$') || true
  judge 'KEYS *' '250 keys' "$got keys" "$([ "$got" = 250 ] && echo yes)"
}

# SIGTERM ends it with status 0 and the log on disk.
judge_end() {
  local status=0
  kill -TERM "$pid"
  wait "$pid" || status=$?
  pid=
  judge 'SIGTERM: exit status' 0 $status "$([ $status -eq 0 ] && echo yes)"
  judge 'SIGTERM: access log' 'lines' 'an empty file or none' \
    "$([ -s "$data/access.log" ] && echo yes)"
}

check() {
  start_server
  play
  judge_end
  echo "demo: $right of $asked answers right"
  [ "$right" -eq "$asked" ]
}

case "${1:-}" in
'')
  prepare
  run_in_foreground
  ;;
--check)
  prepare
  check
  ;;
*)
  echo 'usage: samples/demo.sh [--check]' >&2
  exit 2
  ;;
esac
