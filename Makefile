# The commands of this project. They need Python 3.11 or newer, make and a package index; all else goes into .venv and var/.
# Roadmap: foundations/command-line, workflow/configuration-management

# Another Python: make demo PYTHON=python3.13  (.venv is then made anew). Without a wish: the first one that is new enough.
PYTHON ?= $(firstword $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python; done) python3)
PORT ?= 8000
export PORT
export PYTHONUNBUFFERED = 1
# The shop is twelve processes; where somebody has turned bytecode off, each would compile all packages anew at every start.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo run code stop test prove check pipeline format schema examples roadmap audit bench lock clean environment environment-dev

help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

demo: environment ## Start everything, buy a desk over HTTP, tell the story, stop everything
	@PATH="$(CURDIR)/.venv/bin:$$PATH" exec .venv/bin/python -m deploy.demo

run: environment ## Serve the shop on http://127.0.0.1:$PORT (8000) until Ctrl-C
	@PATH="$(CURDIR)/.venv/bin:$$PATH" exec .venv/bin/python -m deploy.local.run

code: environment ## Show the code of carol's authenticator app, or of dave's (WHO=dave)
	@.venv/bin/python -m deploy.local.code $(WHO)

stop: environment ## Stop a running shop and its servers
	@.venv/bin/python -m deploy.local.stop

# What drives whole shops and their servers, or asks at random, and what no topic's coverage rests on.
PROOFS := tests/crashes tests/faults tests/model tests/zoo tests/test_graphql_fuzz.py $(wildcard tests/test_schemathesis*.py \
	tests/deploy/test_application_server.py tests/deploy/test_old_tests.py tests/deploy/test_prometheus*.py tests/deploy/test_pipeline.py \
	tests/deploy/test_bench.py tests/deploy/test_embedded_*.py tests/deploy/test_local_*.py)
PYTEST := PATH="$(CURDIR)/.venv/bin:$$PATH" .venv/bin/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder --durations=15

test: environment-dev ## Run the tests on real servers, with coverage (ARGS="-k checkout" for some of all)
	@$(PYTEST) --cov --cov-context=test $(if $(ARGS),$(ARGS),$(PROOFS:%=--ignore=%))
	@$(if $(ARGS),,.venv/bin/python -m roadmap --coverage .coverage)

prove: environment-dev ## Kill processes, take servers away, play at random, put old bugs back in: nothing may be lost
	@$(PYTEST) $(PROOFS) $(ARGS)

check: environment-dev ## Lint, types, imports, migrations, deployment settings, roadmap, API schema
	@PATH="$(CURDIR)/.venv/bin:$$PATH" exec .venv/bin/python -m deploy.local.check

pipeline: environment-dev ## Go through the stages up to a deployment, the first that fails ends it (STAGES="lint types": only these)
	@PATH="$(CURDIR)/.venv/bin:$$PATH" PROOFS="$(PROOFS)" exec .venv/bin/python -m deploy.pipeline $(STAGES)

format: environment-dev ## Format the code and sort the imports
	@.venv/bin/ruff check --fix --quiet . ; .venv/bin/ruff format .

schema: environment-dev ## Write docs/api/*, docs/problems.md, docs/access-matrix.md and .env.example from the code
	@mkdir -p docs/api
	@.venv/bin/python -m deploy.local.manage spectacular --file docs/api/openapi.yaml --validate --fail-on-warn
	@.venv/bin/python -m deploy.local.manage spectacular --api-version v2 --file docs/api/openapi-v2.yaml --validate --fail-on-warn
	@.venv/bin/python -m deploy.local.protocol
	@.venv/bin/python -m deploy.local.manage document
	@.venv/bin/python -m tests.parity.page
	@.venv/bin/python -m deploy.clients.postman

examples: environment-dev ## Play the examples of the API (<app>/examples/*.yaml) and write down the answers
	@PATH="$(CURDIR)/.venv/bin:$$PATH" EXAMPLES=write .venv/bin/python -m pytest -q -k test_question tests/examples
	@$(MAKE) --no-print-directory schema

roadmap: environment-dev ## Write the generated roadmap table and pages
	@.venv/bin/python -m roadmap --write

bench: environment-dev ## Measure reads, purchases, memory, outbox beside bare views (ARGS="--long": with a million products)
	@PATH="$(CURDIR)/.venv/bin:$$PATH" exec .venv/bin/python -m deploy.bench $(ARGS)

audit: environment ## Check the books of the demo shop: stock, money, orders, mails
	@.venv/bin/python -m deploy.local.manage audit

lock: ## Resolve pyproject.toml anew into requirements.lock (all Pythons, all platforms, with hashes)
	@$(PYTHON) deploy/local/install.py lock $(UPGRADE)

clean: ## Remove .venv, var/ (all data of the demo) and caches
	@if [ -x .venv/bin/python ]; then .venv/bin/python -m deploy.local.stop; fi
	rm -rf .venv var .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage htmlcov
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

environment:
	@$(PYTHON) -c "" 2>/dev/null || { echo "$(PYTHON) does not run here: install Python 3.11 or newer." >&2; exit 2; }
	@$(PYTHON) deploy/local/install.py demo

environment-dev:
	@$(PYTHON) -c "" 2>/dev/null || { echo "$(PYTHON) does not run here: install Python 3.11 or newer." >&2; exit 2; }
	@$(PYTHON) deploy/local/install.py dev
