# `make run` needs Python 3.11 or newer and make, nothing else.
PYTHON ?= python3
BIN := .venv/bin
PO := $(wildcard locale/*/LC_MESSAGES/django.po)
MO := $(PO:.po=.mo)

TEST_PGSQL_URL ?= postgresql://grok2api:grok2api@127.0.0.1:5432/grok2api
TEST_MYSQL_URL ?= mysql://grok2api:grok2api@127.0.0.1:3306/grok2api
TEST_REDIS_URL ?= redis://127.0.0.1:6379
PYTEST := $(BIN)/pytest --quiet

.PHONY: run build test test-sqlite test-pgsql test-mysql test-js test-browser campaign services lint format bench bench-full

run: build
	@exec $(BIN)/python manage.py serve

build: .venv/installed $(MO) staticfiles/built

.venv/installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name it so: make run PYTHON=python3.12")'
	@echo "Installing into .venv …"
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

%.mo: %.po .venv/installed
	@$(BIN)/pybabel -q compile --domain django --input-file $< --output-file $@ --locale $(notdir $(patsubst %/LC_MESSAGES/,%,$(dir $<)))

staticfiles/built: $(shell find static -type f) .venv/installed
	@echo "Collecting static files …"
	@$(BIN)/python manage.py collectstatic --noinput --clear --verbosity 0
	@touch $@

# Tests. Each database runs the Python suite; the browser and JavaScript run once. Two at a
# time: much of each is waiting.

test: services .venv/dev-installed .venv/litellm/installed node_modules/.installed build
	@$(MAKE) --no-print-directory --jobs=2 $(if $(filter output-sync,$(.FEATURES)),--output-sync=target) test-sqlite test-pgsql test-js test-mysql test-browser

services:
	@tests/services.sh

.venv/dev-installed: requirements-dev.txt requirements-mysql.txt .venv/installed
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

# LiteLLM wants another release of the openai package than the tests do.
.venv/litellm/installed: tests/clients/requirements-litellm.txt .venv/installed
	@$(BIN)/python -m venv .venv/litellm
	@.venv/litellm/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@

node_modules/.installed: package.json
	@npm install --no-audit --no-fund --no-package-lock --silent
	@touch $@

test-sqlite: .venv/dev-installed .venv/litellm/installed build
	$(PYTEST) -m "not browser"

test-pgsql: .venv/dev-installed .venv/litellm/installed build
	SERVER_STORAGE_TYPE=pgsql SERVER_STORAGE_URL=$(TEST_PGSQL_URL) REDIS_URL=$(TEST_REDIS_URL)/9 $(PYTEST) -m "not browser"

test-mysql: .venv/dev-installed .venv/litellm/installed build
	SERVER_STORAGE_TYPE=mysql SERVER_STORAGE_URL=$(TEST_MYSQL_URL) REDIS_URL=$(TEST_REDIS_URL)/10 $(PYTEST) -m "not browser"

test-browser: .venv/dev-installed node_modules/.installed build
	$(PYTEST) -m browser

# What a library must survive, for up to ten minutes; docs/reliability.md says what it found.
campaign: services .venv/dev-installed build
	$(BIN)/python -m tests.campaign

test-js: node_modules/.installed
	node --test $(wildcard tests/js/*.test.js)

lint: .venv/dev-installed node_modules/.installed
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/djlint --quiet --lint templates
	npx biome check static tests/js tests/clients
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/bandit --quiet --recursive --configfile pyproject.toml grok2api gallery imagine manage.py
	tests/deploy_check.sh
	tests/vulnerabilities.sh

format: .venv/dev-installed node_modules/.installed
	$(BIN)/ruff format
	$(BIN)/ruff check --fix-only
	npx biome check --write static tests/js tests/clients

# Benchmarks. See docs/performance.md; bench-full needs the database servers of `make services`.

bench: build
	$(BIN)/python -m bench

bench-full: services .venv/dev-installed build
	BENCH_PGSQL_URL=$(TEST_PGSQL_URL)_bench_{size} BENCH_MYSQL_URL=$(TEST_MYSQL_URL)_bench_{size} \
	$(BIN)/python -m bench --sizes 10000 100000 1000000 --stores sqlite pgsql mysql
