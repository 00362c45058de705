#!/bin/sh
# Writes the secrets that compose.yaml names, each of 32 random bytes; those that are there stay.
set -eu
folder=$(cd "$(dirname "$0")" && pwd)/secrets
# The folder keeps others out; the users within the containers must be able to read the files.
mkdir -p "$folder"
chmod 700 "$folder"
for name in api_key redis_password postgres_password grafana_password; do
  [ -s "$folder/$name" ] && continue
  od -An -N32 -tx1 /dev/urandom | tr -d ' \n' >"$folder/$name"
  chmod 444 "$folder/$name"
  echo "made $folder/$name"
done
