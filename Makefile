# What a user, a contributor and CI run. `make help` lists the targets.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The CDK warns of a Node that is old or not tested; which one is here is the machine's
# affair, and the banner would bury what the targets print.
export JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION := true
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION := 16,18,20,22,24

# Those with a target of their own.
SUITES := handler faults privacy athena e2e rules client defences packaging docs

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-handler test-rest test-faults test-privacy \
	test-athena test-e2e test-rules test-client test-defences test-packaging \
	test-pythons test-cdk-floor lint types check fuzz mutants snapshots docs load bench bench-queries \
	bench-worst bench-agents bench-client client wheel \
	clean

help: ## List the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

$(VENV)/.local: pyproject.toml | $(BIN)/python
	@echo "Installing the package and what it needs (a minute or two, once) …"
	$(BIN)/python -m pip install --quiet --editable '.[local]'
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	@echo "Installing the package and the tools to develop it (a few minutes, once) …"
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $(VENV)/.local $@

setup: $(VENV)/.dev ## Make the environment to develop in

demo: $(VENV)/.local ## Send a day of events through the function on this machine
	@$(BIN)/python -m tools.demo

test: test-handler test-rest ## Run the default tests (under five minutes)

test-handler: $(VENV)/.dev ## Test the function, with full branch coverage required
	$(BIN)/python -m pytest tests/handler --cov --cov-report=term --cov-fail-under=100

test-rest: $(VENV)/.dev ## Test everything else
	$(BIN)/python -m pytest tests $(patsubst %,--ignore=tests/%,$(SUITES)) \
		-n 2 --dist loadfile

test-faults: $(VENV)/.dev ## Break S3, SQS and processes; FAULTS_EXAMPLES=5000 for long
	$(BIN)/python -m pytest tests/faults -n 2 --dist loadfile

test-athena: $(VENV)/.dev ## Ask every query of a real Trino over a real S3 (minutes)
	PYTHON=$(BIN)/python .ci/trino
	$(BIN)/python -m pytest tests/athena

test-e2e: $(VENV)/.dev ## Deploy the examples, and send events to them (minutes)
	PYTHON=$(BIN)/python .ci/e2e
	$(BIN)/python -m pytest tests/e2e

client/node_modules/.package-lock.json: client/package-lock.json
	@npm ci --prefix client --no-audit --no-fund --loglevel=error
	@touch $@

client: client/node_modules/.package-lock.json ## Build the browser client from its source
	@npm run --silent --prefix client build

test-client: $(VENV)/.dev client/node_modules/.package-lock.json ## Test the browser client in Chromium
	$(BIN)/python -m pytest tests/client -n 2 --dist loadfile

test-defences: $(VENV)/.dev ## Take each defence of SECURITY.md out; its tests must notice
	$(BIN)/python -m pytest tests/defences -n 2 --dist load

test-privacy: $(VENV)/.dev ## Try every address of a network against its stored hash
	$(BIN)/python -m pytest tests/privacy

test-rules: $(VENV)/.dev ## Compare what reviewers' tools find with the ledger
	PYTHON=$(BIN)/python .ci/rules
	$(BIN)/python -m pytest tests/rules -n 2 --dist load

test-packaging: $(VENV)/.dev ## Test the wheel, and what the documents say
	$(BIN)/python -m pytest tests/packaging tests/docs -n 2 --dist loadfile

test-pythons: $(VENV)/.dev ## Test on every Python of the supported range that is here
	.ci/pythons

test-cdk-floor: ## Test the construct with the oldest CDK that it supports
	.ci/cdk-floor

lint: $(VENV)/.dev ## Check format and style
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.dev ## Check types
	$(BIN)/mypy

check: lint types test test-packaging test-rules test-faults test-privacy \
	test-defences test-client test-athena test-e2e test-cdk-floor test-pythons ## What CI runs

fuzz: $(VENV)/.dev ## Attack the function with what covers most; SECONDS=600
	$(BIN)/python -m pip install --quiet 'atheris>=3,<4'
	$(BIN)/python -m tests.fuzz.fuzz $(or $(SECONDS),60)

mutants: $(VENV)/.dev ## Break the function in thousands of places; tests must notice (half an hour)
	$(BIN)/python -m pip install --quiet 'mutmut>=3.8.1,<4'
	nice -n 19 $(BIN)/python -m tools.mutants

snapshots: $(VENV)/.dev ## Renew the snapshots of the examples
	SNAPSHOTS=renew $(BIN)/python -m pytest -q tests/infra/test_examples.py

docs: $(VENV)/.dev ## Renew the generated parts of the documents
	$(BIN)/python -m tools.documents
	$(BIN)/python -m tests.defences

load: $(VENV)/.dev ## Send 200,000 events through the local server and find each (minutes)
	@$(BIN)/python -m tools.load --record benchmarks/load.json

bench-worst: $(VENV)/.dev ## Measure the bodies that take the function longest
	@$(BIN)/python -m benchmarks.worst --record benchmarks/worst.json

bench-queries: $(VENV)/.dev ## Measure every query over a million events (half an hour)
	@PYTHON=$(BIN)/python .ci/trino
	@$(BIN)/python -m benchmarks.queries

bench: $(VENV)/.dev ## Measure the ingest path beside its peers (under ten minutes)
	@$(BIN)/python -m benchmarks.install
	@$(BIN)/python -m benchmarks.ingest

bench-client: $(VENV)/.dev client/node_modules/.package-lock.json ## Measure the browser client beside its peers
	@npm ci --prefix benchmarks/peers/client --no-audit --no-fund --loglevel=error
	@$(BIN)/python -m benchmarks.client --record

bench-agents: $(VENV)/.dev ## Measure how user agents are classified: AGENTS=FILE.jsonl.gz
	@test -n "$(AGENTS)" || { echo "name labelled user agents: make bench-agents AGENTS=FILE.jsonl.gz"; \
		$(BIN)/python benchmarks/user_agents.py --help; exit 2; }
	$(BIN)/python benchmarks/user_agents.py "$(AGENTS)"

wheel: $(VENV)/.dev ## Build the wheel and the source distribution into dist/
	$(BIN)/python -m build --outdir dist

clean: ## Remove what the targets above made
	rm -rf $(VENV) .venv-* dist build cdk.out .pytest_cache .mypy_cache .ruff_cache \
		.hypothesis .coverage .coverage.* analytics-data benchmarks/.peers mutants \
		fuzz-findings tests/iam/node_modules client/node_modules \
		benchmarks/peers/client/node_modules tests/updates/node_modules
