#!/usr/bin/env bash
# Starts the gateway on two ports, and with --monitor Prometheus and Grafana beside it. Signals go on to
# the gateway, and what was started ends with it.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: start.sh [--portal-port PORT] [--api-port PORT] [--monitor] [--help]

  --portal-port PORT  port of the listener `portal` [default 8080; PORTAL_PORT]
  --api-port PORT     port of the listener `api` [default 8081; API_PORT]
  --monitor           starts Prometheus and Grafana, too: those of this machine, else by Docker Compose,
                      on 127.0.0.1 [PROMETHEUS_PORT, default 9090; GRAFANA_PORT, default 3000];
                      metrics are those of --api-port
  --help              print this

The gateway reads its environment, and the file that CONFIG_PATH names. When the file lists `listeners`,
ports are its matter, and neither flag nor variable may name one.
TEXT
}

say() { printf 'start.sh: %s\n' "$*" >&2; }

refuse() {
  say "$1"
  usage >&2
  exit 2
}

# port NAME TEXT: refuses what is no port.
port() {
  if [[ ! $2 =~ ^[0-9]{1,5}$ ]] || ((10#$2 < 1 || 10#$2 > 65535)); then
    refuse "$1 takes a port from 1 to 65535, not \"$2\""
  fi
}

# `cd` would print a folder that CDPATH finds.
root=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
flags=()
api_port=${API_PORT:-8081}
monitor=''

while (($# > 0)); do
  case $1 in
    --portal-port | --api-port)
      (($# > 1)) || refuse "$1 takes a port"
      port "$1" "$2"
      flags+=("$1" "$2")
      [ "$1" = --portal-port ] || api_port=$2
      shift 2
      ;;
    --portal-port=* | --api-port=*) set -- "${1%%=*}" "${1#*=}" "${@:2}" ;;
    --monitor)
      monitor=yes
      shift
      ;;
    --help)
      usage
      exit 0
      ;;
    *) refuse "there is no flag $1" ;;
  esac
done
# Without a file both ports are taken, whatever the environment says of one of them.
if [ ${#flags[@]} -eq 0 ] && [ -z "${CONFIG_PATH:-}" ]; then
  flags=(--portal-port "${PORTAL_PORT:-8080}" --api-port "$api_port")
fi

node=node
[ ! -x "$root/node_modules/.bin/node" ] || node=$root/node_modules/.bin/node
command -v "$node" >/dev/null || { say 'Node is not installed'; exit 1; }
if [ -f "$root/dist/cli/main.js" ]; then
  gateway=("$node" "$root/bin/polygate.cjs" serve)
elif [ -d "$root/node_modules" ]; then
  gateway=("$node" -C source "$root/web/portal/start.js" serve)
else
  say "run \`npm install\` in $root first"
  exit 1
fi
[ -n "$monitor" ] || exec "${gateway[@]}" "${flags[@]}"

# --- with Prometheus and Grafana ---------------------------------------------------------------------

prometheus_port=${PROMETHEUS_PORT:-9090}
grafana_port=${GRAFANA_PORT:-3000}
port PROMETHEUS_PORT "$prometheus_port"
port GRAFANA_PORT "$grafana_port"
folder=$(mktemp -d "${TMPDIR:-/tmp}/polygate-monitor.XXXXXX")
helpers=()
compose=()
by_compose=()
gateway_pid=''

# shellcheck disable=SC2329 # by the trap
finish() {
  local pid
  # `wait` names no job that has ended already.
  for pid in ${gateway_pid:+"$gateway_pid"} ${helpers[@]+"${helpers[@]}"}; do
    kill -TERM "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  [ ${#by_compose[@]} -eq 0 ] || "${compose[@]}" down >&2 || say 'what Docker Compose started may still be running'
  rm -rf "$folder"
}
trap finish EXIT

# Jobs are process groups of their own: Ctrl-C reaches this script alone, which passes it on once.
set -m

# prometheus_config ADDRESS RULES: what Prometheus is told when the gateway is at an address.
prometheus_config() {
  sed -e "s|gateway:9090|$1|" -e "s|/etc/prometheus/rules|$2|" "$root/deploy/compose/prometheus.yml"
}

start_prometheus() {
  local program
  program=$(command -v prometheus) || return 1
  prometheus_config "127.0.0.1:$api_port" "$root/deploy/prometheus" >"$folder/prometheus.yml"
  "$program" --config.file="$folder/prometheus.yml" --storage.tsdb.path="$folder/prometheus" \
    --web.listen-address="127.0.0.1:$prometheus_port" >"$folder/prometheus.log" 2>&1 &
  stays "$!" Prometheus "$prometheus_port"
}

start_grafana() {
  local program home=${GRAFANA_HOME:-/usr/share/grafana}
  program=$(command -v grafana-server) || return 1
  # What is written for the containers of compose.yaml, with this machine's addresses and paths.
  cp -R "$root/deploy/grafana/provisioning" "$folder/provisioning" 2>/dev/null || return 1
  find "$folder/provisioning" -type f -exec sed -i.bak \
    -e "s|http://prometheus:9090|http://127.0.0.1:$prometheus_port|" \
    -e "s|/etc/grafana/dashboards|$root/deploy/grafana/dashboards|" {} +
  find "$folder/provisioning" -name '*.bak' -delete
  GF_PATHS_PROVISIONING=$folder/provisioning GF_PATHS_DATA=$folder/grafana GF_PATHS_LOGS=$folder \
    GF_SERVER_HTTP_ADDR=127.0.0.1 GF_SERVER_HTTP_PORT=$grafana_port GF_ANALYTICS_REPORTING_ENABLED=false \
    "$program" --homepath "$home" >"$folder/grafana.log" 2>&1 &
  stays "$!" Grafana "$grafana_port"
}

# stays PID NAME PORT: whether it takes connections within 20 s.
stays() {
  local tries
  for ((tries = 0; tries < 100; tries++)); do
    kill -0 "$1" 2>/dev/null || break
    if (exec 3<>"/dev/tcp/127.0.0.1/$3") 2>/dev/null; then
      # Another program may have had the port before.
      sleep 0.2
      kill -0 "$1" 2>/dev/null || break
      helpers+=("$1")
      say "$2 is at http://127.0.0.1:$3"
      return 0
    fi
    sleep 0.2
  done
  kill -TERM "$1" 2>/dev/null || true
  say "$2 of this machine did not start: $(tail -n 1 "$folder/${2,}.log")"
  return 1
}

# The command of Compose, where there is one.
find_compose() {
  if docker compose version >/dev/null 2>&1; then
    compose=(docker compose)
  elif docker-compose version >/dev/null 2>&1; then
    compose=(docker-compose)
  else
    return 1
  fi
  compose+=(--project-name polygate-monitor --file "$root/deploy/compose/compose.yaml")
}

missing=()
start_prometheus || missing+=(prometheus)
start_grafana || missing+=(grafana)
if [ ${#missing[@]} -gt 0 ]; then
  if find_compose; then
    prometheus_config "host.docker.internal:$api_port" /etc/prometheus/rules >"$folder/compose-prometheus.yml"
    chmod 755 "$folder"
    export PROMETHEUS_CONFIG=$folder/compose-prometheus.yml PROMETHEUS_PORT=$prometheus_port GRAFANA_PORT=$grafana_port
    "$root/deploy/compose/make-secrets.sh" >&2
    by_compose=("${missing[@]}")
    if "${compose[@]}" up --detach --no-deps "${missing[@]}" >&2; then
      say "started by Docker Compose: ${missing[*]}"
      missing=()
    fi
  fi
  for name in ${missing[@]+"${missing[@]}"}; do say "could not start $name: neither a program of this machine nor Docker Compose did"; done
fi

"${gateway[@]}" "${flags[@]}" &
gateway_pid=$!
signalled=''
# shellcheck disable=SC2329 # by the traps
pass() {
  signalled=yes
  kill -s "$1" "$gateway_pid" 2>/dev/null || true
}
for signal in TERM INT HUP; do
  # shellcheck disable=SC2064 # the name of now
  trap "pass $signal" "$signal"
done
# A signal ends `wait`, not the gateway: it is waited for again.
while :; do
  signalled=''
  status=0
  wait "$gateway_pid" || status=$?
  [ -n "$signalled" ] || break
done
gateway_pid=''
exit "$status"
