#!/usr/bin/env bash
# Makes what compose.yaml reads from deploy/secrets/; keeps what is there already.
set -euo pipefail
cd "$(dirname "$0")"
umask 077
mkdir -p secrets

make_secret() { # file, bytes
  [ -s "secrets/$1" ] || head -c "$2" /dev/urandom | base64 | tr -d '\n=+/' >"secrets/$1"
}

make_secret postgres_password 24
make_secret secret_key 60
make_secret admin_password 12
printf 'postgresql://grok2api:%s@db:5432/grok2api' "$(cat secrets/postgres_password)" \
  >secrets/storage_url
# The folder is closed to others on this machine; inside, the containers' users must read.
chmod 644 secrets/*
echo "The administrator is admin; the password is in deploy/secrets/admin_password."
