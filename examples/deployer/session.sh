#!/bin/sh
# Deploys shop.json and says what became of it: sh session.sh DEPLOYER [TOKEN]
set -eu
deployer=${1:-http://localhost:8000}
here=$(dirname "$0")
ns='namespace=default'

ask() {
  if [ -n "${TOKEN:-}" ]; then
    curl -sS -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' "$@"
  else
    curl -sS -H 'Content-Type: application/json' "$@"
  fi
}
TOKEN=${2:-}

# The Location of what was made.
location() { tr -d '\r' | sed -n 's/^[Ll]ocation: //p'; }
status() { sed -n 's/^  "status": "\(.*\)",$/\1/p'; }

wait_for() {
  while :; do
    now=$(ask "$deployer$1" | status)
    case $now in DEPLOYING | UNDEPLOYING) sleep 0.2 ;; *) break ;; esac
  done
  echo "$now"
}

descriptor=$(ask -D - -o /dev/null -X POST -d @"$here/shop.json" "$deployer/descriptors/?$ns" | location)
id=$(echo "$descriptor" | sed 's,/descriptors/\(.*\)/?.*,\1,')
echo "descriptor $id"

deployment=$(ask -D - -o /dev/null -X POST "$deployer/deployments/?$ns&descriptorId=$id" | location)
echo "deployment: $(wait_for "$deployment")"
ask "$deployer$(echo "$deployment" | sed 's,/?,/logs?,')"
ask "$deployer$(echo "$deployment" | sed 's,/?,/healthcheckdata?,')"

again=$(ask -D - -o /dev/null -X PUT "$deployer$deployment" | location)
echo "redeployment: $(wait_for "$again")"

ask -o /dev/null -X DELETE "$deployer$again"
echo "undeployment: $(wait_for "$again")"
ask "$deployer/deployments/?$ns&appname=shop" | sed -n 's/^  "version": "\(.*\)",$/history: \1/p'
