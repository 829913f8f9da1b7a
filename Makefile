# Two commands for a newcomer: `make demo` and `make test`. They need Python 3.11+ and make.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo test env env-test env-express format lock clean

demo: env
	$(BIN)/ghlctl demo --quick

test: env-test env-express
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n 3 --dist loadfile

env: $(VENV)/.runtime
env-test: $(VENV)/.test
env-express: $(VENV)/.express

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "error: Python 3.11 or newer is needed"; echo "hint: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 2; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "error: this Python cannot make environments"; echo "hint: apt-get install python3-venv"; exit 2; }

# The package itself is installed from this tree without its dependencies: those come from the lock alone.
$(VENV)/.runtime: $(BIN)/python requirements.lock requirements-build.lock pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock -r requirements-build.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.test: $(BIN)/python requirements-test.lock requirements-build.lock pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-test.lock -r requirements-build.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@ $(VENV)/.runtime

# Receivers of the audit's tests run under node; without npm those tests are skipped, and say so.
EXPRESS := tests/audit/express
$(VENV)/.express: $(BIN)/python $(EXPRESS)/package.json $(EXPRESS)/package-lock.json
	mkdir -p $(VENV)/express && cp $(EXPRESS)/package.json $(EXPRESS)/package-lock.json $(EXPRESS)/.npmrc $(VENV)/express/
	! command -v npm >/dev/null || { npm ci --prefix $(VENV)/express --ignore-scripts --no-audit --no-fund --loglevel=error && touch $@; } || [ -z "$$GHLCTL_REQUIRE_REAL" ]

format: env-test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Needs uv; writes versions and hashes for every platform and Python from 3.11, and no index address.
UV_COMPILE := uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header --no-emit-index-url --no-emit-find-links
lock:
	$(UV_COMPILE) pyproject.toml -o requirements.lock
	$(UV_COMPILE) pyproject.toml --extra test -c requirements.lock -o requirements-test.lock
	printf 'hatchling>=1.25\neditables\n' | $(UV_COMPILE) - -c requirements-test.lock -o requirements-build.lock

clean:
	rm -rf $(VENV) dist
