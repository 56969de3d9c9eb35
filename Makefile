# Two commands do everything: `make up` (set-up + the gateway with demo data) and `make test` (set-up + all tests).
.PHONY: help setup setup-test up test check format docs bench lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## environments, pinned packages, bubblewrap; leaves the command line at .venv/bin/sde
	@images/setup.sh

setup-test:
	@images/setup.sh --test

up: setup ## set up, then run the gateway with demo data in the foreground (Ctrl-C stops all of it)
	@.venv/bin/sde up

# Byte code is kept even where the environment says not to: every worker and every process under test would compile anew.
test: setup-test ## set up, then every test, on all cores (results in .tests.xml, for `sde satre`)
	@PYTHONDONTWRITEBYTECODE= .venv/bin/pytest -n auto --junitxml=.tests.xml

check: setup-test ## quick checks: format, lint, types, architecture, generated docs, quick tests (under a minute)
	@.venv/bin/ruff format --check --quiet .
	@.venv/bin/ruff check --quiet .
	@.venv/bin/mypy
	@.venv/bin/lint-imports --no-logo
	@.venv/bin/python -m docs.generate --check
	@PYTHONDONTWRITEBYTECODE= .venv/bin/pytest -q -m "not slow" -n auto

format: ## let ruff format and mend what it can
	@.venv/bin/ruff format . && .venv/bin/ruff check --fix .

docs: ## regenerate the generated reference pages
	@.venv/bin/python -m docs.generate

bench: setup-test ## run every benchmark
	@.venv/bin/python -m benchmarks

lock: ## resolve images/locks/*.in again (pinned, with hashes, without download addresses)
	@images/lock.sh

clean: ## remove the environments (the state folder is left alone)
	rm -rf .venv .venv-workspace .r-workspace
