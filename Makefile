# Coldcast: one file for the newcomer. `make help` lists the targets.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
# A further package index for PyTorch, for example its public CPU index:
#   make setup TORCH_INDEX=https://download.pytorch.org/whl/cpu
TORCH_INDEX ?=
DEMO_HOME ?= .coldcast-demo
WORKERS ?= 2
# How often `make test-faults` kills the chaos run, and what draws the moments.
KILLS ?= 200
SEED ?= 0

BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
CHECKED := assets data evaluation expectations models orchestration serving

# One thread a process: the suite runs WORKERS processes side by side.
export OMP_NUM_THREADS := 1
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --timeout 900
FAST := not (slow or real_data or browser or gpu or benchmark or postgres or chaos)
WHOLE := not (gpu or benchmark or postgres or chaos)

.PHONY: help setup demo test test-fast test-postgres test-faults lint ui clean
.DEFAULT_GOAL := help

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP)  ## create the environment from the pinned versions

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 14) else "Python 3.11 to 3.13 is needed: make setup PYTHON=/path/to/python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -c constraints.txt $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) -e ".[dev]"
	@touch $@

demo: $(STAMP)  ## run the whole way on a small synthetic world (about three minutes)
	COLDCAST_HOME=$(DEMO_HOME) $(BIN)/coldcast demo

# The browser's driver keeps an event loop running in its process, so its tests get a process of their own.
test: lint  ## lint, then every test but those of the targets below, benchmarks and an accelerator's (20 minutes)
	$(BIN)/python -m pytest -m browser --timeout 900
	$(PYTEST) -m "$(WHOLE) and not browser"

test-fast: $(STAMP)  ## the unmarked tests only (three minutes)
	$(PYTEST) -m "$(FAST)"

test-postgres: $(STAMP)  ## the store and the whole way on a PostgreSQL server of its own
	$(BIN)/python -m pytest -m "postgres and not (gpu or benchmark)" --timeout 900

test-faults: $(STAMP)  ## strikes at random moments (KILLS=200 SEED=0), and faults that take their time (20 minutes)
	COLDCAST_KILLS=$(KILLS) COLDCAST_CHAOS_SEED=$(SEED) $(BIN)/python -m pytest -n $(WORKERS) --dist load \
		-m "chaos and not (gpu or benchmark or postgres)" --timeout 1800

lint: $(STAMP)  ## style, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(CHECKED)
	$(BIN)/lint-imports --no-logo

ui: $(STAMP)  ## open Dagster and MLflow on this machine
	$(BIN)/coldcast ui

clean:  ## remove caches and the demo's state; the environment and .coldcast stay
	rm -rf $(DEMO_HOME) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find $(CHECKED) tests -name __pycache__ -type d -prune -exec rm -rf {} +
