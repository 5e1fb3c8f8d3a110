# Every target does its own set-up; only Python 3.11 to 3.13 has to be there.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null || echo $(BIN)/uv)
SETUP := $(VENV)/.ready
# For the interpreter that is there, however old: it only says what is wrong.
PYTHON_CHECK := import sys; v = sys.version_info; sys.exit(0 if (3, 11) <= v[:2] < (3, 14) else \
  "Deskhand needs Python 3.11 to 3.13, and $(PYTHON) is %d.%d. For example: make $(MAKECMDGOALS) PYTHON=python3.12" % v[:2])

.PHONY: help setup demo serve browser test lint check bench evals simulate crash

help:
	@echo "make demo    everything on this machine, no account needed"
	@echo "make test    the tests, with everything they need; ARGS='-k slack' for some; JOBS=3"
	@echo "make check   what CI runs: format, lint, types, layers, deploy files, tests"
	@echo "make serve   the bot (settings from the environment)"
	@echo "make bench   the benchmarks, as a table and as JSON"
	@echo "make evals   our scenario files; with Claude when ANTHROPIC_API_KEY is set"
	@echo "make crash   real workers killed on a real Postgres; ARGS='--load 50' for less"
	@echo "make simulate the engine in SEEDS=200 simulated worlds; JOBS=2, START=0"
	@echo "make setup   only set up"

$(SETUP): pyproject.toml uv.lock
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON). Install Python 3.11 to 3.13, or say where it is: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c '$(PYTHON_CHECK)'
	@echo "Setting up in $(VENV) (once)…"
	@$(BIN)/python -c '$(PYTHON_CHECK)' 2>/dev/null || $(PYTHON) -m venv --clear $(VENV) || { rm -rf $(VENV); \
	  echo "$(PYTHON) cannot make a virtual environment. On Debian or Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@test -x "$(UV)" || $(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null
	@test -x "$(UV)" || $(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.5,<1"
	@UV_PROJECT_ENVIRONMENT=$(VENV) $(UV) sync --locked --quiet --python $(BIN)/python
	@touch $@

setup: $(SETUP)

demo: $(SETUP)
	@$(BIN)/deskhand demo $(ARGS)

serve: $(SETUP)
	@$(BIN)/deskhand serve $(ARGS)

browser: $(SETUP)
	@$(BIN)/python -m tests.support.get_browser

# Most of the tests' time is waiting: one process more than a small machine has cores.
test: JOBS = 3
test: $(SETUP) browser
	@$(BIN)/pytest --numprocesses $(JOBS) $(ARGS)

lint: $(SETUP)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/pyright
	@$(BIN)/python -m tests.support.lint_deploy

check: lint test

bench: $(SETUP)
	@UV_PROJECT_ENVIRONMENT=$(VENV) $(UV) sync --locked --quiet --group bench --python $(BIN)/python
	@$(BIN)/deskhand bench $(ARGS)

# All companies are played, also after one that fails.
EVALS := adapters/simulator/acme tests/companies/hospital tests/companies/brewery
evals: $(SETUP)
	@failed=0; for folder in $(EVALS); do \
	  $(BIN)/deskhand eval --company $$folder/company.toml $(ARGS) || failed=1; \
	done; exit $$failed

crash: $(SETUP)
	@$(BIN)/python -m tests.crash $(ARGS)

SEEDS ?= 200
START ?= 0
JOBS ?= 2

simulate: $(SETUP)
	@$(BIN)/python -m tests.simulation --seeds $(SEEDS) --start $(START) --jobs $(JOBS) $(ARGS)
