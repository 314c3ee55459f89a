# Two commands for a newcomer: `make demo` and `make test`. The rest is for those who change things.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
PIP    := $(BIN)/python -m pip install -qq --disable-pip-version-check

.PHONY: help demo test test-quick live16 machine chaos check format bench lock clean

help:  ## say what there is
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

PBX ?= asterisk
demo: $(READY)  ## real calls that are heard, live table, signed webhooks; Ctrl-C ends it. PBX=freeswitch: of a FreeSWITCH
	@$(BIN)/python -m tests.demo --make $(PBX)

test: $(READY) packages  ## all tests, live ones on Asterisk 22 included
	$(BIN)/pytest -m "not waits" -n 2
	$(BIN)/pytest -m waits -n 4

test-quick: $(READY)  ## without PBX and PostgreSQL
	$(BIN)/pytest -m "not live22 and not live16 and not postgresql"

live16: $(READY) packages  ## the live scenarios on Asterisk 16
	CALLTRACKD_LIVE16=1 $(BIN)/pytest -m live16

machine: $(READY)  ## README's five minutes on a whole Debian testing with systemd; as root
	CALLTRACKD_MACHINE=1 $(BIN)/pytest -m machine

chaos: $(READY)  ## 100,000 call steps through each fake CRM, killed every minute; hours
	CALLTRACKD_CHAOS_STEPS=100000 CALLTRACKD_CHAOS_KILL_EVERY_S=60 $(BIN)/pytest -n 4 -rA -k test_chaos tests/crm

check: $(READY)  ## lint, types, floors, dependencies
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry calltrackd

format: $(READY)  ## mend what ruff can mend
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(READY) packages  ## every promise of speed and memory, as ratios of one run
	@for script in bench/[a-z]*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

.PHONY: packages
packages:
	@for script in tests/install-*.sh; do sh $$script; done

$(READY): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || apt-get install -y python3-venv || \
	    { echo "python3-venv is needed: sudo apt-get install python3-venv"; exit 1; }
	@echo "Installing libraries into $(VENV): a minute or two, only this once"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) --require-hashes -r requirements-dev.lock || { \
	    echo "Not all of it can be had here; trying without Vosk (words are not heard then)"; \
	    sed '/^vosk==/,/# via/d' requirements-dev.lock > $(VENV)/without-vosk.txt; \
	    $(PIP) --require-hashes -r $(VENV)/without-vosk.txt; }
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

lock:  ## pin all versions again, with hashes and without registry hosts
	$(BIN)/uv pip compile -q --upgrade --generate-hashes --no-emit-index-url --python-version 3.11 \
	    --universal pyproject.toml --extra postgresql -o requirements.lock
	$(BIN)/uv pip compile -q --upgrade --generate-hashes --no-emit-index-url --python-version 3.11 \
	    --universal pyproject.toml --extra postgresql --group dev -o requirements-dev.lock

clean:  ## remove what was built or fetched here
	rm -rf $(VENV) .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
