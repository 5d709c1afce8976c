# On a machine with python3 (3.10 or newer), make, g++ and git: `make sim`.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
JOBS   ?= $(shell nproc)
STEPS  ?= 2
PIP    := $(BIN)/python -m pip install -qq --disable-pip-version-check

.PHONY: help sim train-rtl test test-all lint docs clean
.DEFAULT_GOAL := help

help:
	@echo 'make sim       install into .venv and run the main job (`pinta sim`, STEPS= of training, options in ARGS=)'
	@echo 'make train-rtl a complete training on the simulated hardware (`pinta train-rtl`, options in ARGS=)'
	@echo 'make test      all tests, a sample of the long ones; options for pytest in ARGS='
	@echo 'make test-all  all tests, the long ones whole'
	@echo 'make lint      ruff and mypy'
	@echo 'make docs      documentation site into site/'
	@echo 'make clean     remove build/ and site/'

sim: $(VENV)/installed-run
	@$(BIN)/pinta sim --steps $(STEPS) $(ARGS)

train-rtl: $(VENV)/installed-run
	@$(BIN)/pinta train-rtl $(ARGS)

test: $(VENV)/installed-dev
	@$(BIN)/python -m pytest -n $(JOBS) -q $(ARGS)

test-all: $(VENV)/installed-dev
	@$(BIN)/python -m pytest -n $(JOBS) -q --slow all $(ARGS)

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(VENV)/installed-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

clean:
	rm -rf build site

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "error: PYTHON: %d.%d is too old; allowed: 3.10 or newer" % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV)

# One stamp for each set of packages: a second call installs nothing.
$(VENV)/installed-run: pyproject.toml | $(VENV)/bin/python
	@echo 'installing into $(VENV) ...'
	@$(PIP) --editable .
	@touch $@

$(VENV)/installed-%: pyproject.toml | $(VENV)/bin/python
	@echo 'installing into $(VENV), with the packages for $* ...'
	@$(PIP) --editable '.[$*]'
	@touch $@
