# make setup | test | test-quick | lint | demo | lock | clean.  Everything lives in .venv; nothing else is touched.
PYTHON ?= python3
VENV   := .venv
PY     := $(VENV)/bin/python
STAMP  := $(VENV)/.installed
LOG    := $(VENV)/install.log
# pytest workers; each test may start a Dask cluster of its own
JOBS   ?= 2

SOURCES := pyproject.toml requirements.lock CMakeLists.txt $(wildcard kernels/model/*)
SHELL   := /bin/bash
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: setup test test-quick lint demo lock clean

setup: $(STAMP)

test: lint
	$(PY) -m pytest -n $(JOBS)

# what takes seconds at most, in less than two minutes on two cores
test-quick: setup
	$(PY) -m pytest -n $(JOBS) -m "not slow"

lint: setup
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

demo: setup
	$(PY) -m powderkeg demo

lock: $(PY)
	$(PY) -m pip install --quiet uv
	$(PY) -m uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --extra dev \
	  --no-emit-index-url --custom-compile-command "make lock" pyproject.toml -o requirements.lock

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .benchmarks

$(STAMP): $(PY) $(SOURCES)
	$(PY) -m pip install --quiet --require-hashes -r requirements.lock
	@echo "$(PY) -m pip install --no-deps --no-build-isolation -e ."
	@$(PY) -m pip install -v --no-deps --no-build-isolation -e . > $(LOG) 2>&1 || { cat $(LOG); exit 1; }
	@sed -n 's/^ *powderkeg: /powderkeg: /p' $(LOG)
	@touch $@

# Without python3-venv Debian's `-m venv` fails half way, so its leftovers go as well.
$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "powderkeg needs Python 3.11 or newer: make PYTHON=python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
	  { echo "powderkeg needs Python's venv module: apt-get install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)
