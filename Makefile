# Two commands: `make demo` and `make test`. Both set up what they need in .venv, with uv where
# it is on the PATH, else with venv and pip; versions are those of uv.lock either way.

.PHONY: demo test lint types serve openapi clean help
.DEFAULT_GOAL := help

PYTHON ?= $(shell for p in python3.14 python3.13 python3.12 python3.11 python3 python; do \
  if command -v $$p >/dev/null 2>&1 && \
     $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
    echo $$p; break; fi; done)
UV := $(shell command -v uv 2>/dev/null)
RUN := .venv/bin
LOCKED := pyproject.toml uv.lock

help:
	@echo "make demo   a demo city with servers of its own: http://127.0.0.1:$${PUHUI_PORT:-8000}"
	@echo "make test   lint, types, import contracts, the whole suite on real servers"
	@echo "make serve  the service alone; make openapi, make lint, make types, make clean"

.venv/.runs: $(LOCKED) .ci/pins.py
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; set PYTHON=/path/to/python"; exit 1; }
ifneq ($(UV),)
	@$(UV) sync --frozen --quiet --inexact --python "$(PYTHON)"
else
	@test -x $(RUN)/pip || "$(PYTHON)" -m venv .venv
	@"$(PYTHON)" .ci/pins.py uv.lock > .venv/pins.txt
	@$(RUN)/python -m pip install --quiet --disable-pip-version-check -c .venv/pins.txt -e .
endif
	@touch $@

.venv/.tests: .venv/.runs
ifneq ($(UV),)
	@$(UV) sync --frozen --quiet --extra dev --python "$(PYTHON)"
else
	@$(RUN)/python -m pip install --quiet --disable-pip-version-check -c .venv/pins.txt -e '.[dev]'
endif
	@touch $@

demo: .venv/.runs
	@$(RUN)/puhui demo

serve: .venv/.runs
	@$(RUN)/puhui serve

lint: .venv/.tests
	$(RUN)/ruff check .
	$(RUN)/lint-imports

types: .venv/.tests
	$(RUN)/mypy

test: lint types
	$(RUN)/python -m pytest

openapi: .venv/.runs
	@$(RUN)/puhui openapi --write

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache build dist
