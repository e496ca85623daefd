# Everything runs in .venv; nothing outside this folder is written.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
export UV_CACHE_DIR := $(CURDIR)/.cache/uv
export PIP_NO_CACHE_DIR := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export GX_ANALYTICS_ENABLED := false
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export DAGSTER_DISABLE_TELEMETRY := 1
UV_VERSION := 0.13.9

.PHONY: help setup demo bi bi-setup test test-slow test-servers mutants lint format bench evaluate lock clean

help:  ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: .venv/ready  ## The virtual environment, from the lock file

.venv/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if (3, 11) <= v < (3, 14) else "linkgap needs Python 3.11, 3.12 or 3.13; say which with make PYTHON=python3.12")'
	@echo "setting up .venv (about 1.5 GB, once)"
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install -q "uv==$(UV_VERSION)"
	@$(BIN)/uv pip sync -q --require-hashes --compile-bytecode --python $(BIN)/python requirements.lock
	@$(BIN)/uv pip install -q --no-deps --no-build-isolation --python $(BIN)/python -e .
	@$(BIN)/python -m compileall -q pipelines data_quality warehouse
	@touch $@

demo: setup  ## Two example clients through three refreshes
	@$(BIN)/python -m examples.run

bi: bi-setup  ## Dashboards in Apache Superset on the workspace of LINKGAP_HOME; `make bi LINKGAP_HOME=demo`
	@.venv-bi/bin/python -m bi.serve

bi-setup: .venv-bi/ready  ## The environment of the dashboards, apart from .venv

.venv-bi/ready: bi/requirements.lock | setup
	@echo "setting up .venv-bi (about 0.9 GB, once)"
	@$(PYTHON) -m venv --clear .venv-bi
	@$(BIN)/uv pip sync -q --require-hashes --compile-bytecode --python .venv-bi/bin/python bi/requirements.lock
	@touch $@

test: setup  ## Tests; some minutes on two cores
	@$(BIN)/python -m pytest -m "not servers and not slow" -n 2 --dist loadfile --no-loadscope-reorder

test-slow: setup  ## Tests that search further than there is time for in every run
	@$(BIN)/python -m pytest -m "slow and not servers" -n 2 --dist loadfile

mutants: setup  ## Small wrong changes, and whether the tests notice each
	@$(BIN)/python -m tests.mutants

test-servers: setup  ## Tests that start a browser or a server
	@$(MAKE) -s bi-setup || echo "the environment of the dashboards cannot be set up here: their tests are left out"
	@$(BIN)/python -m pytest -m servers -rs

lint: setup  ## Style, types, imports, SQL
	@$(BIN)/ruff check .
	@$(BIN)/ruff format -q --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/sqlfluff lint -q dbt_project/models pipelines/handover

format: setup  ## Put Python and SQL into the house's form
	@$(BIN)/ruff check -q --fix . ; $(BIN)/ruff format -q .
	@$(BIN)/sqlfluff fix -q dbt_project/models pipelines/handover

evaluate: setup  ## Precision and recall of the quality rules on labelled rows; EXPORTS=folder
	@$(BIN)/python -m bench.evaluate $(or $(EXPORTS),../shared/exports) $(if $(SHOW),--rows)

bench: setup  ## Speed and memory against plain DuckDB; ROWS=1000000
	@$(BIN)/python -m bench.run --rows $(or $(ROWS),1000000)

lock: setup  ## Resolve the lock file anew
	@$(BIN)/uv lock -q && $(BIN)/uv export -q --frozen --no-emit-project -o requirements.lock
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		bi/requirements.in -o bi/requirements.lock

clean:  ## Remove everything that make and the demo made
	@rm -rf .venv .venv-bi .cache demo .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
