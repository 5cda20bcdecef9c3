# make lab        sets everything up in .venv and opens the first notebook
# make test       sets everything up and runs all tests
# make notebooks  executes the notebooks in place, with pictures in place of widgets
# Each works first, from a fresh clone; nothing is installed again until the versions change.
# PYTHON=python3.12 chooses the Python; ARGS="..." goes to JupyterLab, or names the notebooks to execute.

PYTEST = .venv/bin/python -m pytest
AS_ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)

export OMP_NUM_THREADS = 1
unexport PYTHONPATH PYTHONHOME

.PHONY: lab test test-cells test-helpers test-alone notebooks set-up constraints clean

lab: set-up
	.venv/bin/python -m jupyterlab --ServerApp.ip=127.0.0.1 --ServerApp.root_dir=. --LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb $(AS_ROOT) $(ARGS)

# All three parts run, also when one fails.
test:
	@sh set-up.sh colab
	@$(MAKE) --no-print-directory --keep-going --jobs=1 test-cells test-helpers test-alone

test-cells:                       # a notebook's cells need one process, in order
	$(PYTEST) notebooks --nbval-lax --nbval-current-env --nbval-cell-timeout=120 --numprocesses=2 --dist=loadfile

test-helpers:
	$(PYTEST) tests -m "not alone" --numprocesses=2 --dist=worksteal

test-alone:                       # what measures time or drives a browser
	$(PYTEST) tests -m alone

notebooks: set-up
	.venv/bin/python tests/record.py $(or $(ARGS),notebooks/*.ipynb)

set-up:
	@sh set-up.sh

# The newest versions that fit pyproject.toml, into constraints.txt. Needs uv.
constraints:
	grep '^#' constraints.txt > constraints.new
	uv pip compile pyproject.toml --all-extras --universal --python-version 3.10 --no-annotate --no-header --quiet >> constraints.new
	mv constraints.new constraints.txt

clean:
	rm -rf .venv
