# What a person types. `make help` lists it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8501

.PHONY: help setup run test check format bench bench-smoke lock clean
.DEFAULT_GOAL := help

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.ready ## install what running needs

run: $(VENV)/.ready ## start the dashboard on http://localhost:8501
	$(BIN)/medpatrol serve --demo --port $(PORT)

test: $(VENV)/.ready-dev ## install what tests need and run all tests, browser tests included
	$(BIN)/python -m pytest -n auto --dist loadfile

check: $(VENV)/.ready-dev ## format, lint, types, import rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy app.py cli.py errors.py geo data risk routing workflows ui web pages
	$(BIN)/lint-imports

format: $(VENV)/.ready-dev ## bring the code into the house format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench-smoke: $(VENV)/.ready-dev ## short form of the benchmarks, where ../shared is there
	$(BIN)/python -m benchmarks.smoke

bench: $(VENV)/.ready-dev ## all benchmarks (long); results go to benchmarks/results
	$(BIN)/python -m benchmarks.all

lock: ## pin the dependencies anew (needs uv)
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	  --no-header --no-annotate -q -o requirements.lock
	uv pip compile pyproject.toml --extra dev -c requirements.lock --universal \
	  --python-version 3.11 --generate-hashes --no-header --no-annotate -q \
	  -o requirements-dev.lock

clean: ## remove what set-up installed (your data in var/ stays)
	rm -rf $(VENV) ui/assets/vendor build *.egg-info

# The environment is made without its own pip, because Debian ships that part apart.
$(BIN)/python:
	$(PYTHON) -m venv --without-pip $(VENV)

$(VENV)/.ready: requirements.lock pyproject.toml package.json package-lock.json | $(BIN)/python
	@echo "Setting up (once, some minutes) ..."
	$(PYTHON) -m pip --python $(BIN)/python install -q --require-hashes -r requirements.lock
	$(BIN)/python -m pip install -q --no-deps --no-build-isolation -e .
	$(BIN)/python -m web.assets
	$(BIN)/python -m routing.warm
	touch $@

$(VENV)/.ready-dev: $(VENV)/.ready requirements-dev.lock
	$(BIN)/python -m pip install -q --require-hashes -r requirements-dev.lock
	$(BIN)/python -m tests.system_packages
	touch $@
