# Two commands first:  make demo  (the whole annotation loop on real scans)   make test  (everything that must hold)
# Both set up .venv by themselves. Another Python:  make PYTHON=/path/to/python3.12 setup

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

VENV := .venv
STAMP := $(VENV)/.installed
RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip --disable-pip-version-check
CONSTRAINTS := .ci/constraints.txt
PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11 python3.14; do \
	"$$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
	&& echo "$$name" && break; done)

.PHONY: help setup test demo panel bench bench-accuracy gpu-check file-lists clean

help:
	@echo "make demo       the annotation loop twice round, on real scans; writes demo/report/index.html"
	@echo "make test       style, types and tests (sets up .venv when needed)"
	@echo "make setup      .venv with the project, its console command and all that the rest needs"
	@echo "make panel      the panel without Slicer: in a window or, without a display, as pictures in demo/pictures"
	@echo "make bench      accuracy on real scans, five minutes a training (needs DUALSSLSEG_DATA), into benchmarks/results/"
	@echo "make bench-accuracy SET=la LABELS=8 SEEDS=3 BUDGET=6000steps   one setting of it (BUDGET=5min, DEVELOPMENT=1, LADDER=1)"
	@echo "make gpu-check  GPU tests, CPU against GPU, two minutes of full-size training"
	@echo "make file-lists the files that the Slicer extension ships, into CMakeLists.txt"
	@echo "make clean      remove .venv, caches and the demo's study and report (downloaded scans stay)"

setup: $(STAMP)

# torch goes first and alone: it is most of the download, and nothing else may choose its version.
$(STAMP): pyproject.toml $(CONSTRAINTS)
	@if [ -z "$(PYTHON)" ]; then echo "No Python 3.11 or newer with the venv module was found. Install one (on Debian or Ubuntu:" \
	  "sudo apt install python3 python3-venv) or name it: make PYTHON=/path/to/python3.12 setup" >&2; exit 2; fi
	[ -x $(RUN) ] || "$(PYTHON)" -m venv $(VENV)
	$(PIP) install --progress-bar off --quiet -c $(CONSTRAINTS) torch==$$(sed -n 's/^torch==//p' $(CONSTRAINTS))
	$(PIP) install --progress-bar off --quiet -c $(CONSTRAINTS) -e '.[dev]'
	touch $@

# Types are checked while the tests run, so that neither of two cores waits; whichever fails, both say what they found.
# Two test processes, each with whole files, so that what a file prepares for its tests is prepared once; files with
# slow tests come first (Testing/conftest.py) and stay there. For one file, -s or --pdb: .venv/bin/python -m pytest FILE
test: $(STAMP)
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy & types=$$!; failed=0; \
	  $(RUN) -m pytest -n 2 --dist loadfile --no-loadscope-reorder || failed=$$?; \
	  wait $$types || { echo "The types do not fit, see above." >&2; failed=1; }; exit $$failed

demo: $(STAMP)
	$(RUN) -m DualSSLSegLib demo --folder demo

# STUDY=/path/to/scans shows a folder of one's own; the default is the demo's study or a generated one.
panel: $(STAMP)
	$(RUN) Testing/host/show.py $(if $(STUDY),"$(STUDY)")

bench: $(STAMP)
	$(RUN) benchmarks/accuracy.py

# LABELS, METHODS (dual, dual_strong, labels_only, full) and OPTIONS (NAME=VALUE) may be lists. DEVELOPMENT=1 measures
# on cases on which options may be chosen; LADDER=1 adds every method with terms without each of them, dual_strong where
# none is named. Finished runs are not repeated.
bench-accuracy: $(STAMP)
	$(RUN) benchmarks/accuracy.py --set $(or $(SET),hippocampus) --labels $(or $(LABELS),4 1) \
	  --number-of-seeds $(or $(SEEDS),3) --budget $(or $(BUDGET),5min) --methods $(or $(METHODS),dual labels_only) \
	  $(foreach option,$(OPTIONS),--option $(option)) $(if $(filter 1,$(DEVELOPMENT)),--development) \
	  $(if $(filter 1,$(LADDER)),--ladder)

gpu-check: $(STAMP)
	$(RUN) benchmarks/gpu_check.py

file-lists: $(STAMP)
	$(RUN) Testing/support/file_lists.py

clean:
	rm -rf $(VENV) demo/study demo/report demo/panel demo/pictures build dist ./*.egg-info
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
