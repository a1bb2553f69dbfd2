# Everything a machine with make and Python 3.11 needs; `make help` lists it.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= $(shell command -v python3.11 || command -v python3)
ARGS ?=
# Public datasets are not part of the repository; real-data reads them from here.
DATA ?= ../shared/data
# More than two cores have: much of the time goes by waiting for databases, browsers and clocks.
WORKERS ?= 3

BIN := .venv/bin
STAMP := .venv/.installed
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile
BENCHMARKS := $(sort $(wildcard benchmarks/*.py))

.PHONY: help
help:  ## list these targets
	@awk -F ':.*## ' '/^[a-z.-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' Makefile

.PHONY: setup
setup: $(STAMP)  ## make .venv with exactly what the locks say

# Built anew whenever a lock or the project's own description changes. The build backend is
# in the lock, so nothing is fetched that is not hashed.
$(STAMP): requirements-dev.lock pyproject.toml
	test -x $(BIN)/python || "$(PYTHON)" -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	touch $(STAMP)

.PHONY: demo
demo: $(STAMP)  ## a simulated year at a made-up company, then a page; ARGS=--no-serve only prints
	@$(BIN)/python -m upsell demo $(ARGS)

.PHONY: lint
lint: $(STAMP)  ## format, lint, types, docstrings
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/interrogate src

.PHONY: format
format: $(STAMP)  ## put the code into the house's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: test
test: lint  ## lint, then every test that is not slow; ends with pytest's own closing line
	@$(PYTEST) -m "not slow" $(ARGS)

.PHONY: test-all
test-all: lint  ## lint, then every test with every example; the heavy ones have half an hour each
	@ALL_EXAMPLES=1 $(PYTEST) --timeout 1800 $(ARGS)

.PHONY: bench
bench: $(STAMP)  ## print the figures of every benchmark
	@for benchmark in $(BENCHMARKS); do echo "== $$benchmark"; $(BIN)/python "$$benchmark" $(ARGS); done

.PHONY: real-data
real-data: $(STAMP)  ## run the examples on public datasets, which lie in DATA
	@test -d "$(DATA)" || { echo "expected a folder of datasets at $(DATA); say make real-data DATA=<folder>"; exit 2; }
	@$(BIN)/python examples/real_data.py "$(DATA)" $(ARGS)

# Neither options nor addresses are written into the locks: they hold names, versions and hashes.
LOCK := CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe \
	--strip-extras --no-emit-options

.PHONY: lock
lock: $(STAMP)  ## write both locks again from pyproject.toml; ARGS=--upgrade takes newer versions
	$(LOCK) $(ARGS) --extra dev --output-file requirements-dev.lock pyproject.toml
	$(LOCK) --constraint requirements-dev.lock --output-file requirements.lock pyproject.toml
	@$(BIN)/python -m pytest -q tests/test_repository.py

.PHONY: clean
clean:  ## remove what make made, and no data
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
