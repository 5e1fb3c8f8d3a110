# Every target does its own set-up; only Python 3.11+ has to be there.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null || echo $(BIN)/uv)
SETUP := $(VENV)/.ready

.PHONY: help setup demo serve test browser check lint bench

help:
	@echo "make demo    everything on this machine, no account needed"
	@echo "make test    the tests, with everything they need"
	@echo "make check   what CI runs: format, lint, types, layers, tests"
	@echo "make serve   the bot (settings from the environment)"
	@echo "make bench   the benchmarks, as a table and as JSON"
	@echo "make setup   only set up"

$(SETUP): pyproject.toml uv.lock
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if (3, 11) <= v[:2] < (3, 14) else "Deskhand needs Python 3.11 to 3.13, this is %d.%d. Set PYTHON=python3.12, for example." % v[:2])'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x "$(UV)" || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(UV) sync --locked --quiet --python $(BIN)/python
	@touch $@

setup: $(SETUP)

demo: $(SETUP)
	@$(BIN)/deskhand demo $(ARGS)

serve: $(SETUP)
	@$(BIN)/deskhand serve $(ARGS)

browser: $(SETUP)
	@$(BIN)/python tests/support/get_browser.py

test: $(SETUP) browser
	@$(BIN)/pytest $(ARGS)

lint: $(SETUP)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/pyright
	@$(BIN)/python tests/support/lint_deploy.py

check: lint test

bench: $(SETUP)
	@$(BIN)/deskhand bench $(ARGS)
