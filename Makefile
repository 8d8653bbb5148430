# A machine with Python 3.11+ and make is enough: every target sets up what it needs, once.
# PYTHON chooses the interpreter of a new environment: make clean test PYTHON=python3.13
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := build/demo
WHEEL_TRY := build/wheel-try
# Spark is large and needs Java: where there is a Java and a lock, what CI runs holds Spark's numbers against DuckDB's.
SPARK := $(if $(and $(shell command -v java),$(wildcard requirements-spark.lock)),$(VENV)/.spark)

export PIP_DISABLE_PIP_VERSION_CHECK := 1
PIP_INSTALL := -m pip install --quiet --no-input

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test check format lint types imports docs-check docs bench bench-large bench-anomalies drills sbom audit wheel wheel-check lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.runtime ## Show a weekly cost report of an invented company
	@$(BIN)/finops demo --out $(DEMO)

test: $(VENV)/.dev ## Run the tests; those of Spark where it is installed
	@$(BIN)/python -m pytest --numprocesses auto --dist loadfile

# One step after the other, so that the first failure and the tests' closing line are the last words.
check: $(VENV)/.dev $(SPARK) ## Run everything that CI runs
	@set -e; for step in lint types imports docs-check wheel-check sbom audit test; do \
		$(MAKE) --no-print-directory $$step; \
	done

lint: $(VENV)/.dev ## Check format and style
	@echo "== format and style"
	@$(BIN)/ruff format --quiet --check --diff .
	@$(BIN)/ruff check --quiet .

types: $(VENV)/.dev ## Check the types
	@echo "== types"
	@$(BIN)/mypy --strict finops

imports: $(VENV)/.dev ## Check that imports point one way
	@echo "== imports"
	@$(BIN)/lint-imports --no-logo

docs-check: $(VENV)/.dev
	@echo "== docs"
	@$(BIN)/python -m tests.docs_build --check

wheel-check: $(VENV)/.dev
	@echo "== wheel"
	@rm -rf $(WHEEL_TRY)
	@$(MAKE) --no-print-directory wheel
	@$(PYTHON) -m venv $(WHEEL_TRY)/venv
	@$(WHEEL_TRY)/venv/bin/python $(PIP_INSTALL) --require-hashes -r requirements.lock
	@$(WHEEL_TRY)/venv/bin/python $(PIP_INSTALL) --no-deps --no-index dist/finops-*.whl
	@cd $(WHEEL_TRY) && venv/bin/finops demo --out demo && test -s demo/report.html

format: $(VENV)/.dev ## Format the code and fix what can be fixed
	@$(BIN)/ruff check --quiet --fix .
	@$(BIN)/ruff format --quiet .

docs: $(VENV)/.dev ## Write the generated pages of docs/ anew
	@$(BIN)/python -m tests.docs_build

bench: $(VENV)/.dev $(SPARK) ## Measure ingest and queries against bare DuckDB, and DuckDB beside Spark
	@$(BIN)/python -m tests.bench
	@$(BIN)/python -m tests.bench.engines

ENGINES ?= duckdb,spark
bench-large: $(VENV)/.dev $(SPARK) ## Measure both engines on 1, 10 and 100 million rows; writes docs/spark.md (hours)
	@$(BIN)/python -m tests.bench.engines --engines $(ENGINES) --write --rows 1000000
	@$(BIN)/python -m tests.bench.engines --engines $(ENGINES) --write --rows 10000000
	@$(BIN)/python -m tests.bench.engines --engines $(ENGINES) --write --rows 10000000 --copies 10

bench-anomalies: $(VENV)/.dev ## Measure the detector of anomalies beside others; writes docs/anomalies.md (half an hour)
	@$(BIN)/python -m tests.bench.anomalies --slow --write

drills: $(VENV)/.dev ## Try to break it: kills, full disks, damage, chance; writes docs/drills.md (half an hour)
	@$(BIN)/python -m tests.drills --write

sbom: $(VENV)/.dev ## Write the bill of materials (CycloneDX) into dist/
	@mkdir -p dist
	@$(BIN)/python -m tests.sbom dist/finops.cdx.json

audit: $(VENV)/audit/.installed ## Ask whether a library in a lock has a known vulnerability
	@echo "== audit"
	@$(VENV)/audit/bin/python -m tests.audit requirements.lock requirements-spark.lock

wheel: $(VENV)/.dev ## Build the wheel into dist/
	@rm -f dist/finops-*.whl
	@$(BIN)/python -m hatchling build -t wheel

# Needs the network; hashes only, so that a lock says nothing about where it was made.
LOCK := compile --universal --python-version 3.11 --generate-hashes --quiet --upgrade \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links
lock: ## Resolve the dependencies anew into requirements*.lock
	@$(PYTHON) -m venv build/uv
	@build/uv/bin/python $(PIP_INSTALL) uv
	@build/uv/bin/uv pip $(LOCK) pyproject.toml --group build -o requirements.lock
	@build/uv/bin/uv pip $(LOCK) pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock
	@build/uv/bin/uv pip $(LOCK) --group audit -o requirements-audit.lock
	@build/uv/bin/uv pip $(LOCK) --group s3a --no-deps -o requirements-s3a.lock
	@build/uv/bin/uv pip $(LOCK) pyproject.toml --extra spark -c requirements-dev.lock -o requirements-spark.lock

clean: ## Remove everything that make made
	@rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

# Each stamp says what the environment holds; the second run of a target finds it and is instant.
# The tests' lock holds the runtime's versions, so the two may be installed in any order.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "error: finops needs Python 3.11 or newer; try: make PYTHON=python3.12" >&2; exit 2; }
	@echo "setting up $(VENV)" >&2
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 2; }

$(VENV)/.runtime: requirements.lock pyproject.toml finops/__init__.py | $(VENV)/bin/python
	@$(BIN)/python $(PIP_INSTALL) --require-hashes -r requirements.lock
	@$(BIN)/python $(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	@$(BIN)/python $(PIP_INSTALL) --require-hashes -r requirements-dev.lock
	@touch $@

$(VENV)/audit/.installed: requirements-audit.lock | $(VENV)/bin/python
	@$(PYTHON) -m venv $(VENV)/audit
	@$(VENV)/audit/bin/python $(PIP_INSTALL) --require-hashes -r requirements-audit.lock
	@touch $@

# PySpark comes as source only.
$(VENV)/.spark: requirements-spark.lock requirements-s3a.lock | $(VENV)/.dev
	@$(BIN)/python $(PIP_INSTALL) --require-hashes -r requirements-spark.lock
	@$(BIN)/python $(PIP_INSTALL) --require-hashes --no-deps -r requirements-s3a.lock \
		|| echo "cannot install sagemaker-pyspark: Spark's way to S3 is not tried" >&2
	@touch $@
