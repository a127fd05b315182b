# Every target works from a bare clone, as root and as an ordinary user, and writes nowhere but here.
.DEFAULT_GOAL := help
.PHONY: help setup run test check tools bench soak lock format clean
.DELETE_ON_ERROR:

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
SETUP := .venv/.setup
DEV := .venv/.dev
FAST := not slow and not soak and not browser and not referee

# A copied or moved folder makes its environment anew: scripts in there name their interpreter by its full path.
ifneq ($(shell cat .venv/.made-in 2>/dev/null),$(CURDIR))
.PHONY: $(SETUP)
endif

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

setup: $(SETUP) ## .venv with everything the product needs; .venv/bin/posthouse is then the command

run: $(SETUP) ## set up and run the product: http://127.0.0.1:8025, SMTP on 127.0.0.1:2525, data in ./var
	@exec $(BIN)/posthouse serve --welcome

test: $(DEV) tools ## set up and run all tests (soak apart), referees and browser included
	$(BIN)/python -m pytest -m "not soak"

check: $(DEV) ## format, lint, imports, types, fast tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/python -m pytest -q -m "$(FAST)"

bench: $(DEV) tools ## side by side with Postfix + OpenDKIM, Celery and BullMQ; results in bench/results
	$(BIN)/python -m bench

soak: $(DEV) tools ## the long form of the kill and backlog tests
	$(BIN)/python -m pytest -m soak

tools: $(DEV) # referees from Debian's packages, without root, into .cache/tools
	@$(BIN)/python -m tests.support.tools

format: $(DEV) # rewrite what the formatter and the safe fixes can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix-only .

lock: # newest versions with their hashes; needs uv on the PATH or in .venv
	@sh requirements/lock.sh

clean: # environment and caches; never var
	rm -rf .venv .cache

$(SETUP): requirements/build.txt requirements/run.txt pyproject.toml
	@sh requirements/environment.sh
	@$(PIP) install --require-hashes -r requirements/build.txt -r requirements/run.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@printf '%s' "$$(pwd -P)" > .venv/.made-in
	@touch $@

$(DEV): $(SETUP) requirements/dev.txt
	@echo "Installing the test runner and the checks"
	@$(PIP) install --no-build-isolation --use-pep517 --require-hashes -r requirements/dev.txt
	@touch $@
