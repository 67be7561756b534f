# make quickstart   install, then train, distil, translate and report on a small corpus
# make test         install, then everything that a change must pass
# make lint         style, import contracts and types
# make format       rewrite the source in the project's style
# make golden       write the derived golden files of the tests anew, and show what changed
# make clean        remove what these leave behind, the environment and runs/ excepted
#
# PYTHON=python3.12 chooses another interpreter for the environment, 3.11 to 3.13.

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
# The package as it is installed, so that tools see problems/ and hparams/ where imports do.
LAYOUT := build/layout

.PHONY: quickstart test lint format golden clean
.DELETE_ON_ERROR:

quickstart: $(VENV)/.installed
	@echo "==> quickstart: runs/quickstart"
	@$(BIN)/t2t-reproduce --recipe=quickstart --output_dir=runs/quickstart

test: lint
	@echo "==> tests"
	@$(BIN)/python -m pytest -n 2 --dist loadfile --durations=15

lint: $(VENV)/.installed-dev
	@echo "==> ruff"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@rm -rf $(LAYOUT)
	@$(BIN)/python setup.py --quiet build_py --build-lib $(LAYOUT)
	@echo "==> import contracts"
	@cd $(LAYOUT) && "$(CURDIR)/$(BIN)/lint-imports" --no-logo --no-cache --config "$(CURDIR)/pyproject.toml"
	@echo "==> types"
	@cd $(LAYOUT) && "$(CURDIR)/$(BIN)/mypy" --config-file "$(CURDIR)/pyproject.toml" \
		--cache-dir "$(CURDIR)/.mypy_cache" -p t2t_hint_nart

format: $(VENV)/.installed-dev
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

golden: $(VENV)/.installed-dev
	@$(BIN)/python -m tests.golden.write
	@git --no-pager diff --stat -- tests/golden

clean:
	rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null || { \
		echo "make: $(PYTHON) not found; name an interpreter with PYTHON=, 3.11 to 3.13" >&2; exit 1; }
	@echo "==> environment $(VENV) with $(PYTHON)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: setup.py pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "==> installing, about two minutes"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt \
		-e ".[litert,ctranslate2]"
	@touch $@

$(VENV)/.installed-dev: setup.py pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "==> installing with development tools, about two minutes"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@touch $@ $(VENV)/.installed
