# `make test` and `make demo` need nothing but Python 3.10 or newer: they make their own environment.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test lint clean

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $(READY)

# Findings are what the demo is for, so they are no failure here.
demo: $(READY)
	$(BIN)/conn-lint check --exit-zero --show-notes --no-cache fixtures/projects

test: $(READY)
	$(BIN)/python -m pytest -n logical --dist loadfile

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .conn_lint_cache
