# Each target works on a fresh clone with Python 3.11 or newer, make and git.

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
export OMP_NUM_THREADS ?= 1

.PHONY: help setup demo test check lint types release gate-full bench clean

help: ## Show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "%-10s %s\n", $$1, $$2}'

setup: $(STAMP) ## Install everything into .venv

$(STAMP): pyproject.toml reference/pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed") if sys.version_info < (3, 11) else 0'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]' -e reference
	touch $(STAMP)

demo: setup ## Grade a small made-up class; leaves feedback pages and a picture in demo/
	$(BIN)/autograder demo

test: setup ## Run the tests
	$(BIN)/python -m pytest -n auto --dist loadgroup

check: lint types test ## What CI runs: lint, types, tests

lint: setup ## Check style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup ## Check types
	$(BIN)/mypy
	@# Modules of equal name, so one run a folder; mypy cannot infer lambdas that freeze a variable.
	for folder in solutions/*; do \
	    $(BIN)/mypy --disable-error-code misc $$folder/checks.py $$folder/hidden_checks.py || exit 1; \
	done

release: setup ## Rebuild assignments/ from solutions/
	$(BIN)/autograder release

# Half an hour on two cores; goes on where it was interrupted.
gate-full: setup ## Judge mistakes and right answers under many seeds; writes docs/gate.json and its pages
	$(BIN)/autograder gate --full --write

# An idle machine is wanted, and an hour. OTTER_PYTHON names a Python that has otter-grader and torch.
bench: setup ## Measure against nbgrader and Otter-Grader; writes docs/benchmarks.md
	$(BIN)/autograder bench batch --submissions 200 --repeat 3 --sizes 50,1000,2000 \
	    $(if $(OTTER_PYTHON),--otter-python $(OTTER_PYTHON)) --write docs/benchmarks.md

clean: ## Remove what the other targets made, but .venv
	rm -rf build demo .mypy_cache .pytest_cache .ruff_cache .hypothesis
