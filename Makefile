# Guildhall in two commands: `make run` and `make test`. `make help` lists the rest.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes

# npm writes this file at the end of an install, so it stands for the whole folder.
NODE_MODULES := static/node_modules/.package-lock.json
CLIENT := static/dist/index.html
CLIENT_SOURCES := $(shell find static/src static/public static/index.html static/*.ts static/*.js static/*.json -type f 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help setup run demo test check fmt generate lock simulation bench bench-ledger mutants clean

help: ## List the verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(VENV)/runtime.stamp $(CLIENT) ## Install what the server needs and build the web client

run: setup ## Serve Guildhall on http://127.0.0.1:8000 (settings: docs/settings.md)
	$(BIN)/python -m app serve

demo: setup ## Serve a lively instance with people who talk, made anew in data/demo
	rm -rf data/demo
	GUILDHALL_DATA_DIR=data/demo $(BIN)/python -m app demo

test: setup $(VENV)/test.stamp ## Run every check and test (STAGES="types unit" picks some)
	@$(BIN)/python -m scripts.test --install $(STAGES)

check: $(VENV)/test.stamp $(NODE_MODULES) ## Run the checks that need no server: lint, types, imports, tidiness, generated files
	@$(BIN)/python -m scripts.test lint format types imports tidy generated client-generated client-types

fmt: $(VENV)/test.stamp ## Format the Python code and fix what can be fixed safely
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format

generate: $(VENV)/runtime.stamp $(NODE_MODULES) ## Write the files that are generated from the code
	$(BIN)/python -m app generate
	cd static && npm run --silent types

lock: $(VENV)/test.stamp ## Resolve requirements/*.in into the hashed lock files (UPGRADE=1 takes newer releases)
	sh scripts/lock.sh $(BIN)/uv $(if $(UPGRADE),--upgrade)

simulation: $(VENV)/runtime.stamp ## Write docs/economy-simulation.md anew (some minutes)
	$(BIN)/python -m app simulate --report docs

bench: setup $(VENV)/test.stamp ## Measure the server on this machine
	$(BIN)/python -m bench

bench-ledger: setup $(VENV)/test.stamp ## Measure the ledger beside pgbench on this machine
	$(BIN)/python -m bench ledger

mutants: $(VENV)/test.stamp ## Break the promises of money one at a time and see that the tests notice each
	@$(BIN)/python -m tests.money.mutants

clean: ## Remove what make has built; data/ stays
	rm -rf $(VENV) static/node_modules static/dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

$(VENV)/pyvenv.cfg:
	@sh scripts/require.sh python $(PYTHON)
	$(PYTHON) -m venv $(VENV)

$(VENV)/runtime.stamp: requirements/runtime.txt | $(VENV)/pyvenv.cfg
	$(PIP) -r requirements/runtime.txt
	@touch $@

$(VENV)/test.stamp: requirements/test.txt $(VENV)/runtime.stamp
	$(PIP) -r requirements/test.txt
	@touch $@

$(NODE_MODULES): static/package-lock.json
	@sh scripts/require.sh node
	cd static && npm ci --no-audit --no-fund
	@touch $@

$(CLIENT): $(NODE_MODULES) $(CLIENT_SOURCES)
	cd static && npm run build
	@touch $@
