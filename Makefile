# make demo | test | test-fast | test-wheel | check | conformance.  PYTHON selects the interpreter, DEMO the folder that the demo writes.
.SILENT:
.PHONY: help demo test test-fast test-wheel check conformance format install clean
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV ?= .venv
DEMO ?= demo
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

help:
	echo "make demo    generate a small scenario, search its capacity costs, write the report"
	echo "make test    run the tests"
	echo "make test-fast   the tests without the slow ones, with the programs that an earlier run compiled"
	echo "make test-wheel  the built wheel with the newest Python of this machine, outside the checkout"
	echo "make check   lint, format, types, import directions, generated documentation"
	echo "make conformance  compare the two engines on a thousand random scenarios, keep the figures"
	echo "make format  rewrite the code in the house format"

$(STAMP): pyproject.toml constraints.txt
	echo "installing into $(VENV) ..."
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev]" --constraint constraints.txt
	touch $@

install: $(STAMP)

demo: $(STAMP)
	$(BIN)/jaxsim generate $(DEMO)/scenario --preset demo --seed 1 --overwrite
	$(BIN)/jaxsim search $(DEMO)/scenario --out $(DEMO)/run --sample 3000 --trials 2 --iterations 30 --overwrite
	echo "open $(DEMO)/run/report.html"

# Tests of one file share compiled programs, so they stay in one process; more than four would wait for the longest file.
PYTEST := $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile

test: $(STAMP)
	$(PYTEST)

test-fast: $(STAMP)
	$(PYTEST) -m "not slow"

test-wheel:
	.ci/newest

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports --no-cache > $(VENV)/imports.log || { cat $(VENV)/imports.log; exit 1; }
	$(BIN)/python -m jaxsim.scenario.tables_doc --check

conformance: $(STAMP)
	$(BIN)/python -m pytest tests/conformance --scenarios 1000 --results validation/results/conformance_cpu.json

format: $(STAMP)
	$(BIN)/ruff check --fix --quiet .
	$(BIN)/ruff format --quiet .

clean:
	rm -rf $(VENV) $(DEMO) build dist .pytest_cache .ruff_cache .hypothesis
