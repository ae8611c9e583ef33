# Tributary's verbs. Needs Python ≥ 3.11, make and a network; everything else is set up here.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
export PYTHONDONTWRITEBYTECODE := 1

.DEFAULT_GOAL := help
.PHONY: help setup system demo stop test check lint types imports migrations bench soak fuzz golden lock shots clean

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: $(VENV)/ready system ## build .venv from the lock, and name (or, as root on Debian, install) what the system lacks

$(VENV)/ready: requirements/dev.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

system: $(VENV)/ready
	@$(BIN)/python -m portal.system_libraries

demo: setup ## a lived-in portal on http://127.0.0.1:8000 (PORT= to change); Ctrl-C stops everything
	@$(BIN)/python manage.py demo --port $(PORT)

stop: ## stop the embedded servers of var/
	@test ! -x $(BIN)/python || $(BIN)/python manage.py embedded stop

test: setup check ## everything that CI checks
	$(BIN)/python -m pytest -n 2 --dist loadgroup

check: lint types imports migrations

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy .

imports: setup
	$(BIN)/lint-imports

migrations: setup
	$(BIN)/python manage.py makemigrations --check --dry-run

bench: setup ## the ratios of docs/performance.md: a table, and JSON in var/bench.json
	$(BIN)/python -m bench

soak: setup ## the long runs: kills and crowds in greater number
	TRIBUTARY_SOAK=1 $(BIN)/python -m pytest -n 2 --dist loadgroup tests/faults tests/stories tests/payments/test_money_machine.py
	$(BIN)/python -m bench crowded memory

fuzz: setup ## hostile bytes for every reader, an hour in all (FUZZ_SECONDS= for each reader)
	$(BIN)/python -m tests.fuzz

golden: setup ## rewrite the expected output of every sample; read the diff
	$(BIN)/python -m tests.golden

shots: setup ## the README's screenshots, from a running demo
	$(BIN)/python -m docs.screenshots --url http://127.0.0.1:$(PORT)

lock: ## pin requirements/*.in, with hashes
	for name in base dev; do uv pip compile requirements/$$name.in -o requirements/$$name.txt --universal \
	  --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --custom-compile-command "make lock"; done

clean: stop ## remove .venv and var
	rm -rf $(VENV) var
