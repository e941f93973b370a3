# `make run` needs Python 3.11 or newer and make, nothing else.
PYTHON ?= python3
BIN := .venv/bin
PO := $(wildcard locale/*/LC_MESSAGES/django.po)
MO := $(PO:.po=.mo)

.PHONY: run test lint format bench build

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
