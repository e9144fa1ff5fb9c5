# Everything a person does with this repository. Needs Python 3.11 to 3.13, make and git; the rest is
# installed into .venv, at exactly the versions and hashes that the locks name.

VENV        ?= .venv
LOCK        ?= requirements-dev.lock
BENCH_ARGS  ?=
BIN         := $(VENV)/bin
PY          := $(BIN)/python
STAMP       := $(VENV)/.synced-$(LOCK)
VISION      := $(VENV)/.synced-vision
STUDIO      := .venv-studio
UV          := $(BIN)/uv --quiet
CODE        := auto_labeling tasks flows

# No dependency reports to anybody, looks for updates or opens a window.
export DO_NOT_TRACK := true
export PREFECT_SERVER_ANALYTICS_ENABLED := false
export MLFLOW_DISABLE_TELEMETRY := true
export LABEL_STUDIO_COLLECT_ANALYTICS := false
export YOLO_OFFLINE := true
export MPLBACKEND := Agg
# A venv or a project that the caller is in must not divert uv from ours.
export VIRTUAL_ENV := $(abspath $(VENV))
unexport PYTHONPATH PYTHONHOME UV_PROJECT_ENVIRONMENT UV_PYTHON
# Where this is set, every process compiles pandas and MLflow anew: 25 seconds each time.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help venv demo studio test test-cvat check format lock soak bench clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-9s %s\n", $$1, $$2}' Makefile
	@echo '  LOCK=requirements-all.lock adds every extra (torch, YOLO, dask, ray: several GB).'

venv: $(STAMP) ## Make .venv from the lock, with the project editable in it

$(VENV)/bin/python:
	@for p in $(PYTHON) python3.11 python3.12 python3.13 python3 python; do \
	  if $$p -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' >/dev/null 2>&1; then \
	    echo "Making $(VENV) with $$($$p --version)"; exec $$p -m venv $(VENV); fi; \
	done; \
	echo 'auto-labeling needs Python 3.11, 3.12 or 3.13 with the venv module: install one or name it, make PYTHON=/path/to/python3.11' >&2; \
	exit 1

$(VENV)/.uv: requirements-uv.lock | $(VENV)/bin/python
	@$(PY) -m pip install -qq --disable-pip-version-check --no-input --require-hashes -r $<
	@touch $@

$(STAMP): $(LOCK) pyproject.toml $(VENV)/.uv
	@echo "Installing $(LOCK)"
	@rm -f $(VENV)/.synced-*
	@$(UV) pip sync --python $(PY) --require-hashes --compile-bytecode $(LOCK)
	@$(UV) pip install --python $(PY) --no-deps --no-build-isolation --editable .
	@$(UV) pip check --python $(PY)
	@touch $@

# On top, where `make demo` leaves it alone. Whatever syncs the environment anew removes both this
# stamp and what it stands for.
$(VISION): requirements-vision.lock $(STAMP)
	@echo "Installing $< (YOLO and PyTorch with CUDA, 6.6 GB)"
	@rm -f $@
	@$(UV) pip install --python $(PY) --require-hashes --compile-bytecode -r $<
	@$(UV) pip check --python $(PY)
	@touch $@

# Nothing of the project is in it: Label Studio stands on pins of its own.
$(STUDIO)/.synced: requirements-studio.lock | $(VENV)/.uv
	@echo "Installing $< (Label Studio, 1 GB) into $(STUDIO)"
	@rm -f $@
	@test -x $(STUDIO)/bin/python || $(PY) -m venv --without-pip $(STUDIO)
	@$(UV) pip sync --python $(STUDIO)/bin/python --require-hashes --compile-bytecode $<
	@$(UV) pip check --python $(STUDIO)/bin/python
	@touch $@

demo: venv ## Label the digits with simulated annotators and open the account
	@$(PY) configs/make_digits.py
	@$(BIN)/auto-label run configs/digits.yaml

studio: venv $(STUDIO)/.synced ## Label the digits yourself: a Label Studio, and a campaign that goes on by itself
	@$(PY) configs/draw_digits.py
	@$(BIN)/auto-label studio configs/digits_label_studio.yaml

test: PYTEST_ARGS ?= -n 2 --dist worksteal
test: venv $(VISION) $(STUDIO)/.synced ## Run every test but the soak, two at a time (PYTEST_ARGS="-k ledger" runs some, one at a time)
	@$(PY) -m pytest $(PYTEST_ARGS)

# Three people sign up there as al-mia, al-li and al-sam, so its registration has to be open. What
# the tests make is deleted in the end, but for these accounts; nothing else there is touched.
test-cvat: venv ## Run CVAT's tests against a real one (CVAT_URL, CVAT_USERNAME, CVAT_PASSWORD of an admin)
	@test -n "$$CVAT_URL" -a -n "$$CVAT_USERNAME" -a -n "$$CVAT_PASSWORD" || \
	  { echo 'Set CVAT_URL, CVAT_USERNAME and CVAT_PASSWORD, of an administrator of a CVAT with open registration.' >&2; exit 1; }
	@$(PY) -m pytest tests/backends/test_contracts.py::TestCVATServer \
	  $(patsubst %,tests/cvat/test_%.py,making people pictures polling withdrawing) \
	  $(patsubst %,tests/by_hand/test_cvat_%.py,client annotating exporting) --timeout=0 $(PYTEST_ARGS)

check: venv ## Format, lint, types, import order and the fast tests
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(PY) -m pytest -n auto -m 'not slow and not soak' $(PYTEST_ARGS)

format: venv ## Format the code and mend what ruff can mend
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix

SOLVE   = $(UV) pip compile --python-version 3.11 --python-platform linux \
          --generate-hashes --no-emit-index-url --no-annotate --custom-compile-command 'make lock'
COMPILE = $(SOLVE) pyproject.toml
lock: $(VENV)/.uv ## Solve the locks anew (UPGRADE=--upgrade moves what pyproject.toml leaves free)
	@$(COMPILE) $(UPGRADE) -o requirements.lock
	@$(COMPILE) $(UPGRADE) --extra dev -c requirements.lock -o requirements-dev.lock
	@$(COMPILE) $(UPGRADE) --extra dev --extra bench -c requirements-dev.lock -o requirements-bench.lock
	@$(COMPILE) $(UPGRADE) --extra dev --extra torch --extra yolo -c requirements-dev.lock -o requirements-vision.lock
	@$(COMPILE) $(UPGRADE) --all-extras -c requirements-bench.lock -c requirements-vision.lock -o requirements-all.lock
	@$(SOLVE) $(UPGRADE) requirements-studio.in -o requirements-studio.lock
	@! grep -nE '://|--(extra-)?index|--find-links' requirements*.lock

soak: venv $(STUDIO)/.synced ## Run the full counts of kills and faults (long)
	@SOAK=1 $(PY) -m pytest -m soak --timeout=0 $(PYTEST_ARGS)

bench: ## Measure against the peers (in a venv of its own: .venv-bench)
	@$(MAKE) --no-print-directory venv VENV=.venv-bench LOCK=requirements-bench.lock
	@.venv-bench/bin/python -m benchmarks $(BENCH_ARGS)

clean: ## Remove the environments, caches and build artifacts (never a workspace)
	@rm -rf .venv .venv-bench $(STUDIO) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	@find $(CODE) tests benchmarks configs deployments -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true
