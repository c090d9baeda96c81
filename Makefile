# Everything a person runs from a clone. Needs make and Python 3.11 or newer, nothing else.

# Which Python makes .venv; empty: the newest on the path, e.g. make up PYTHON=/path/to/python3.12
PYTHON ?=
BIN := .venv/bin

# Without kept bytecode every start would compile a hundred libraries again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: up test soak check mutation bench charts chaos lock clean

# Everything on this machine, until Ctrl-C; e.g. make up ARGS="--api-port 9000"
up: .venv/up.installed
	@$(BIN)/tocsin up $(ARGS)

# The whole suite, on the same embedded Postgres and Temporal
test: .venv/test.installed
	@command -v google-chrome >/dev/null || sh requirements/debian_package.sh chromium chromium "the tests that look at pages will be skipped"
	@sh requirements/node_packages.sh
	$(BIN)/pytest -n 2 --durations=10 $(ARGS)

# The long forms, some six hours: other examples of the model test each time, so many of each form; 50,000
# sleepers, growth, half an hour of memory, ten minutes of outage; an hour of chaos, outages of five minutes, backups of ten; two releases side by side.
# See docs/benchmarks.md
soak: .venv/test.installed
	TOCSIN_MODEL_EXAMPLES=$${TOCSIN_MODEL_EXAMPLES:-200} $(BIN)/pytest tests/model -q $(ARGS)
	$(BIN)/python -m benchmarks growth disk retention memory runs sleepers outage batches --long
	$(BIN)/python -m tests.faults.chaos --seconds 3600 --away 300 --older 600
	$(BIN)/python -m tests.upgrade.side_by_side --runs 2000

# The laws: format, lint, types, who may import whom, architecture, replay
check: .venv/test.installed
	$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy && $(BIN)/lint-imports
	$(BIN)/pytest tests/architecture tests/replay -q --whole-engine-in-sandbox

# Whether tests notice when the pure rules are broken; minutes, see docs/testing.md. Not in UTC, where
# code that forgets a zone would not be noticed; twice, as mutmut may stop early and then goes on.
mutation: .venv/test.installed
	rm -rf mutants
	TZ=Asia/Kathmandu $(BIN)/mutmut run --max-children 2 $(ARGS)
	TZ=Asia/Kathmandu $(BIN)/mutmut run --max-children 2 $(ARGS)
	$(BIN)/mutmut results

# Speed and cost, printed with the machine's noise; never asserted
bench: .venv/test.installed
	$(BIN)/python -m benchmarks $(ARGS)

# Pictures and figures of docs/benchmarks.md from the newest report that `make bench ARGS=--keep` left
charts: .venv/test.installed
	$(BIN)/python -m benchmarks.charts $(ARGS)

# Load while everything is killed, frozen and restarted, then outages; under 30 minutes, see docs/correctness.md
chaos: .venv/test.installed
	@sh requirements/debian_package.sh libfaketime '/usr/lib/*/faketime/libfaketimeMT.so.1' "the scene clock_steps will not be played"
	$(BIN)/python -m tests.faults.chaos $(ARGS)

# Compile requirements/*.in into hashed *.txt
lock: .venv/test.installed
	$(BIN)/python -m pip install -q uv && for name in core up simulate test; do $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate requirements/$$name.in -o requirements/$$name.txt; done

# Forget the environment and the caches; the state of `make up` stays (make up ARGS=--reset forgets it)
clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis mutants dist

.venv/up.installed: requirements/up.txt requirements/install.py pyproject.toml
	@python=$$(sh requirements/find_python.sh $(PYTHON)) && "$$python" requirements/install.py up

.venv/test.installed: requirements/test.txt .venv/up.installed
	@python=$$(sh requirements/find_python.sh $(PYTHON)) && "$$python" requirements/install.py test
