#!/usr/bin/env bash
# Django's own checks of a deployment, with settings of a real one: clean, or it fails.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
APP_URL=https://pictures.example.org DATA_DIR="$folder" LOG_DIR="$folder" MEDIA_ROOT="$folder" \
  .venv/bin/python manage.py check --deploy --fail-level WARNING
