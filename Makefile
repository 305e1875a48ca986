# make run and make test create the virtual environment that they need, on a fresh machine.
#
#   make test PYTHON=python3.12      another interpreter, in an environment of its own
#   make test VERSIONS=lowest        the lowest versions that pyproject.toml permits, instead of constraints.txt
#   make test VERSIONS=latest        the latest versions that pyproject.toml permits
PYTHON ?= python3
VERSIONS ?= pinned
VENV ?= .venv$(patsubst %,-%,$(filter-out python3,$(notdir $(PYTHON))))$(patsubst %,-%,$(filter-out pinned,$(VERSIONS)))
BIN := $(VENV)/bin
# Processes of pytest. They share the cores, so that each computes with one thread. Each begins with a part of its own,
# so that fixtures of a module are rarely made by two of them.
JOBS ?= auto
# Duration of `make torture`.
TORTURE_SECONDS ?= 1800

ifeq ($(VERSIONS),lowest)
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check uv \
	&& $(BIN)/python -m uv pip install --quiet --python $(BIN)/python --resolution lowest-direct --editable
else ifeq ($(VERSIONS),latest)
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade --editable
else
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable
endif

.PHONY: run test bench docs dist torture lint clean

run: $(VENV)/.installed
	$(BIN)/fer-features run --pipeline hog_svm

# Other versions of ruff and mypy have other rules: only the pinned ones check the code.
test: $(VENV)/.installed-test $(if $(filter pinned,$(VERSIONS)),lint)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(JOBS) --dist worksteal --doctest-modules tests fer_features

# Fails if the speed relative to other libraries has fallen by more than a third since the last record of the processor.
bench: $(VENV)/.installed-test
	$(BIN)/python experiments/bench.py --quick

# The pages are in docs/_build/html. Warnings are errors; then links within the pages are checked.
docs: $(VENV)/.installed-docs
	$(BIN)/python -m sphinx --builder html --nitpicky --fail-on-warning --keep-going --quiet docs docs/_build/html
	$(BIN)/python docs/check_site.py docs/_build/html

# The sdist and the wheel, checked, in dist/.
dist: $(VENV)/.installed-release
	rm -rf dist build
	$(BIN)/python -m build
	$(BIN)/twine check --strict dist/*
	$(BIN)/check-wheel-contents dist/*.whl

# Hostile files, options and signals for half an hour; tests/torture in `make test` runs for less than a minute.
torture: $(VENV)/.installed-test
	$(BIN)/python -m tests.torture.fuzzer --seconds $(TORTURE_SECONDS)

lint: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell
	$(BIN)/mypy

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13) and "Python 3.11 to 3.13 is needed: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) .
	$(BIN)/python -m compileall -q fer_features
	touch $@

$(VENV)/.installed-test: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) '.[test]'
	$(BIN)/python -m compileall -q fer_features
	touch $@ $(VENV)/.installed

$(VENV)/.installed-docs: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) '.[docs]'
	touch $@ $(VENV)/.installed

$(VENV)/.installed-release: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) '.[release]'
	touch $@ $(VENV)/.installed

clean:
	rm -rf $(VENV) .venv* build dist docs/_build docs/gallery docs/api/generated docs/sg_execution_times.rst *.egg-info .pytest_cache .ruff_cache .mypy_cache .hypothesis
