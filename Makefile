# make demo: set up and run the demo study.   make test: set up and run the tests.
# make test-slow: full-width models of every family, some minutes and 12 GB of memory.
# make test-cluster: faults of a SLURM on this machine.   make test-faults: faults at random. As root.

VENV ?= .venv
PYTHON ?= python3
CORES ?= all
BIN = $(VENV)/bin
# A file of tests stays in one process: its tests share what they set up.
SPREAD = -n auto --maxprocesses 4 --dist loadfile

# Compiled modules make each start of TensorFlow three times as fast.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-slow test-cluster test-faults lint setup lock

demo: setup
	@$(BIN)/snakemake --cores $(CORES) --quiet rules host reason --configfile config/demo.yaml
	@echo "Report: results/demo/report/index.html"

test: setup lint
	$(BIN)/python -m pytest $(SPREAD) tests/unit
	KERAS_BACKEND=jax $(BIN)/python -m pytest $(SPREAD) tests/unit/test_models.py tests/unit/test_losses.py tests/unit/test_step.py tests/unit/test_train.py tests/unit/test_evoaug.py tests/unit/test_loader.py tests/unit/test_fit_batches.py tests/unit/test_reach.py tests/unit/test_variant_score.py tests/unit/test_stages.py tests/unit/test_attribution.py tests/unit/test_filters.py
	$(BIN)/python -m pytest $(SPREAD) -rs tests/workflow tests/cluster tests/browser

test-slow: setup
	$(BIN)/python -m pytest tests/slow

test-cluster: setup
	bash tests/cluster/one_node_slurm.sh install
	EPIBENCH_CLUSTER_TESTS=1 $(BIN)/python -m pytest -rs tests/cluster tests/faults/test_slurm_faults.py

test-faults: setup
	$(BIN)/python -m pytest -rs tests/faults/test_random_faults.py

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check workflow
	@$(BIN)/snakemake --lint

setup: $(VENV)/.ready

$(VENV)/.ready: requirements.lock pyproject.toml setup.sh
	@PYTHON="$(PYTHON)" bash setup.sh $(VENV)

# For maintainers: resolve the newest versions that pyproject.toml allows (needs uv).
lock:
	uv pip compile pyproject.toml --extra dev --upgrade --universal --python-version 3.11 --fork-strategy fewest --generate-hashes --no-header --no-annotate -o requirements.lock
