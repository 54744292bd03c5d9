# Each target installs what it needs: the pinned set of requirements.lock in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
TABLES := $(filter-out main,$(patsubst experiments/%/README.md,%,$(wildcard experiments/*/README.md)))
SEEDS ?= 0
STREAMS := $(patsubst scales/%-mini.yaml,%,$(wildcard scales/*-mini.yaml))
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: install repro test test-fast lint report docs site bench byte-check reliability $(TABLES) $(STREAMS)

install: $(READY)  ## the environment alone

# `dvc repro` alone does the same, one run after the other.
repro: $(READY)  ## regenerate the main table: data, base, every method, report
	liit repro
	dvc repro
	python tools/methods_page.py
	python tools/instrument_page.py

$(TABLES): repro  ## regenerate a further table: experiments/<table>/
	liit repro --table $@
	dvc repro tables/$@/dvc.yaml
	dvc repro --single-item --force report

grid: continual  # whose rows complete it

$(STREAMS): $(READY)  ## run another paper's stream, drawn: scales/<name>-mini.yaml; SEEDS="0 1 2"
	python tools/stream.py $@-mini --seeds $(SEEDS)

# A file stays with one worker, which keeps what its tests share; the longest come first.
PYTEST := python -m pytest -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder

test: $(READY)  ## run the test suite
	$(PYTEST)

test-fast: $(READY)  ## the tests that run no pipeline
	$(PYTEST) -m "not pipeline"

lint: $(READY)  ## style, import arrows and types
	ruff check .
	ruff format --check .
	lint-imports --no-logo
	mypy

byte-check: $(READY)  ## compare bytes with the commit that last raised a version
	python tools/byte_check.py

report: $(READY)  ## redraw reports/ from the results in git, without any data
	python -m liit report

docs: $(READY)  ## regenerate docs/methods.md, the numbers of docs/instrument.md, the list of docs/leaderboard.md
	python tools/methods_page.py
	python tools/instrument_page.py
	python tools/leaderboard_page.py

site: $(READY)  ## build the written pages as a site: site/docs/index.html
	python -m sphinx -q -W --keep-going -c docs . site

# About a quarter of an hour, on an idle machine, after `make repro`.
bench: $(READY)  ## measure speed and memory beside plain references: benchmarks/results/
	python benchmarks/run_all.py

# About half an hour. Its result is of the commit that it names.
reliability: $(READY)  ## kill runs 130 times, fill the disk, start twins: benchmarks/results/
	python benchmarks/reliability.py

$(READY): requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	touch $@
