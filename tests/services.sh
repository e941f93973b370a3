#!/usr/bin/env bash
# Installs (as root, with apt) and starts what the tests talk to: PostgreSQL, MariaDB, Redis,
# Chromium, curl, unzip, a JDK. Elsewhere it only says what is missing; with CI=true that is an error.
set -u

missing=()
root=false
[ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && root=true

need() { # command, packages…
  command -v "$1" >/dev/null && return
  shift
  packages+=("$@")
}

packages=()
need mariadb_config libmariadb-dev
need pkg-config pkg-config
need gcc gcc
need python3-config python3-dev
need psql postgresql
need mariadb mariadb-server
need redis-server redis-server
need nginx nginx-light
need exiftool libimage-exiftool-perl
need chromium chromium
need curl curl
need unzip unzip
need javac default-jdk-headless
fc-list :lang=zh 2>/dev/null | grep -q . || packages+=(fontconfig fonts-noto-cjk)
if $root && [ ${#packages[@]} -gt 0 ]; then
  echo "Installing ${packages[*]} …"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq && apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
fi

if $root; then
  pg_isready -q -h 127.0.0.1 || service postgresql start >/dev/null 2>&1
  redis-cli -h 127.0.0.1 ping >/dev/null 2>&1 \
    || redis-server --daemonize yes --bind 127.0.0.1 --port 6379 --save "" --appendonly no >/dev/null
  mariadb-admin ping >/dev/null 2>&1 || service mariadb start >/dev/null 2>&1
  for _ in $(seq 30); do
    pg_isready -q -h 127.0.0.1 && mariadb-admin ping >/dev/null 2>&1 && break
    sleep 1
  done
  role="DO \$\$ BEGIN CREATE ROLE grok2api SUPERUSER LOGIN PASSWORD 'grok2api';
    EXCEPTION WHEN duplicate_object THEN NULL; END \$\$"
  psql -q -h /var/run/postgresql -d postgres -c "$role" 2>/dev/null \
    || su postgres -c "psql -q -c \"${role//\$/\\\$}\"" || true
  mariadb -e "CREATE USER IF NOT EXISTS grok2api@'127.0.0.1' IDENTIFIED BY 'grok2api';
    CREATE USER IF NOT EXISTS grok2api@localhost IDENTIFIED BY 'grok2api';
    GRANT ALL ON *.* TO grok2api@'127.0.0.1'; GRANT ALL ON *.* TO grok2api@localhost;" || true
  if [ "${CI:-}" = true ]; then # what is in them need not outlive the machine
    for setting in fsync synchronous_commit full_page_writes; do
      PGPASSWORD=grok2api psql -q -h 127.0.0.1 -U grok2api -d postgres -c "ALTER SYSTEM SET $setting = off"
    done
    PGPASSWORD=grok2api psql -q -h 127.0.0.1 -U grok2api -d postgres -c "SELECT pg_reload_conf()" >/dev/null
    mariadb -e "SET GLOBAL innodb_flush_log_at_trx_commit = 0; SET GLOBAL sync_binlog = 0"
  fi
fi

PGPASSWORD=grok2api psql -q -h 127.0.0.1 -U grok2api -d postgres -c 'SELECT 1' >/dev/null 2>&1 \
  || missing+=(PostgreSQL)
mariadb -h 127.0.0.1 -u grok2api -pgrok2api -e 'SELECT 1' >/dev/null 2>&1 || missing+=(MariaDB)
redis-cli -h 127.0.0.1 ping >/dev/null 2>&1 || missing+=(Redis)
command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || missing+=(nginx)
command -v chromium >/dev/null || missing+=(Chromium)
command -v exiftool >/dev/null || missing+=(exiftool)
command -v curl >/dev/null || missing+=(curl)
command -v unzip >/dev/null || missing+=(unzip)
command -v javac >/dev/null || missing+=(JDK)

if [ ${#missing[@]} -gt 0 ]; then
  echo "Not available: ${missing[*]}" >&2
  [ "${CI:-}" = true ] && exit 1
fi
exit 0
