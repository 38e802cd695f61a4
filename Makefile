# The commands of this project; `make` alone lists them. For GNU make 3.81 (macOS) and later.

PYTHON ?= python3
VENV := .venv/bin/python
INSTALL = requirements/install.sh
# With SERVE_SERVER=granian, what serves needs Granian too.
INSTALL_SERVER = $(if $(filter granian,$(SERVE_SERVER)),@$(INSTALL) granian "$(PYTHON)")
# How many files of tests run at a time. The slow ones mostly wait, so one more than the two cores that everybody has.
FAST_AT_A_TIME = 2
SLOW_AT_A_TIME = 3
# Files in the order of their names: pytest-xdist would start with those of many tests, and the slowest have few.
PYTEST = -m pytest -rs --dist loadfile --no-loadscope-reorder
# Settings come from the environment or the command line (make serve SERVE_BIND=...): make hands both on to the commands.
# Bytecode is written at first import; who forbids that would wait 16 s for TensorFlow each time instead of 6.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help install train serve run watch champion test test-fast bench screenshots lock browser-bundle

help: ## list these commands
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/  make \1%\2/p' $(firstword $(MAKEFILE_LIST)) | tr % '\t' | expand -t 23

# The shell becomes the service, so the monitor is its child, and ends when it does. gunicorn asks after no such child.
run: champion ## install, train and publish if nothing is published yet, then serve on http://127.0.0.1:5000, monitored
	$(INSTALL_SERVER)
	@if [ "$${SERVE_MONITOR:-1}" != 0 ]; then $(VENV) -m monitor watch --with-parent $$$$ & fi; exec $(VENV) -m app serve

install: ## make .venv from the lock, with all that training and serving need
	@$(INSTALL) train "$(PYTHON)"

train: install ## train and publish a version (SPEC=my.toml for a model of your own)
	@exec $(VENV) -m train $(SPEC)

serve: ## serve what models/ holds; needs no TensorFlow and never trains
	@$(INSTALL) serve "$(PYTHON)"
	$(INSTALL_SERVER)
	@exec $(VENV) -m app serve

watch: ## report on the logs every hour, beside a service that was started with make serve; make run does it by itself
	@$(INSTALL) monitor "$(PYTHON)"
	@exec $(VENV) -m monitor watch

test: COVERAGE = -m coverage run
test: test-fast ## run every test, and check that branch coverage by the fast ones does not fall
	$(VENV) -m coverage combine --quiet
	$(VENV) -m coverage report
	$(VENV) $(PYTEST) -n $(SLOW_AT_A_TIME) -m slow

test-fast: ## check style and types, and run the tests that take no server and no training (about three minutes)
	@$(INSTALL) test "$(PYTHON)"
	$(VENV) -m ruff check .
	$(VENV) -m ruff format --check .
	$(VENV) -m mypy
	@rm -f .coverage .coverage.*
	$(VENV) $(COVERAGE) $(PYTEST) -n $(FAST_AT_A_TIME) -m "not slow"

# The last one ends at once where valgrind or perf is missing.
bench: champion ## measure the service beside a constant and beside no server, and what a request and a change of champion cost
	@$(INSTALL) granian "$(PYTHON)"
	@$(VENV) benchmarks/floor.py
	@$(VENV) benchmarks/batch.py
	@$(VENV) benchmarks/swap.py
	@exec $(VENV) benchmarks/request_cost.py

screenshots: ## draw each page light, dark and on a phone into docs/screenshots (MODELS=folder takes its versions)
	@$(INSTALL) test "$(PYTHON)"
	@exec $(VENV) -m tests.e2e.screenshots $(MODELS)

lock: ## pin the newest versions that pyproject.toml admits (LOCK=--upgrade), or what changed in it
	@$(INSTALL) test "$(PYTHON)"
	@UV=.venv/bin/uv requirements/lock.sh $(LOCK)

browser-bundle: ## make the TensorFlow.js of /browser again, from its locked packages (needs npm)
	@app/browser/bundle.sh app/static/tensorflow.js.gz

# A damaged champion is not replaced by a training that nobody asked for: serving says what is wrong with it.
champion: install
	@test -f "$${SERVE_MODELS:-models}/$${SERVE_MODEL:-boston}/aliases.json" || $(VENV) -m train $(SPEC)
