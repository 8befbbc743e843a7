# Two commands do everything: `make` sets up and runs the main job, `make test` sets up and runs the tests.
PYTHON ?= python3
BIN := .venv/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
# Libraries are compiled once and not by every process anew, whatever the shell says: a build starts a dozen, the tests hundreds.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := all
.PHONY: all setup test notebooks check format lock bench clean help

all: setup  ## set up, then run the main job: everything in exports/
	@$(BIN)/camps build

setup:  ## install what is needed and not there yet: uv, packages, browser, fonts
	@$(PYTHON) -m camps.machine

test: setup  ## set up, then run every test
	@$(BIN)/pytest

notebooks: setup  ## open the notebooks in JupyterLab
	@$(BIN)/jupyter lab notebooks

check: setup  ## lint and type-check, notebooks and JavaScript too
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy
	@$(PYTHON) -m camps.machine scripts

format: setup  ## rewrite the code in the house format and strip the notebooks' outputs
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet . && $(BIN)/nbstripout notebooks/*.ipynb
	@$(BIN)/python -c 'from camps.maps import contract; contract.write_declarations()'

lock: setup  ## compile requirements.lock afresh from pyproject.toml
	@$(PYTHON) -m camps.machine lock

bench: setup  ## print the benchmarks' ratios (slow; leave the machine alone meanwhile)
	@for file in benchmarks/*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

clean:  ## remove what was made: exports, caches and the environment
	@find exports -mindepth 1 ! -name README.md -delete
	@rm -rf .venv .uv node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis

help:  ## print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' Makefile
