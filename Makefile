# Everything a contributor runs. `make` alone lists it.

# The first Python on this machine that the package supports; `make PYTHON=...` names another.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null \
	&& echo "$$python" && break; done)
BIN := .venv/bin
INSTALLED := .venv/.installed
WORKLOAD ?= workloads/cerebras-gpt-111m.yaml
REPORTED := cerebras-gpt-111m cerebras-gpt-13b llama-2-7b-cs3 llama-3-8b-generate llama-3-70b-serving
KERNELS := allreduce-2d
SHIPPED := world spam reviews sotu
STUDIED := off-wafer-bandwidth sram-per-core systems-strong systems-weak sparsity models-and-machines allreduce-distance \
	small-models decode-grid defects length
ASKED_AGAIN := cerebras-gpt-13b

unexport PYTHONDONTWRITEBYTECODE
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help venv run test nightly mutants lint types contracts docs check format golden bench calibrate measured reports weights constraints build clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: $(INSTALLED) ## Install the package and its tools into .venv

# Of what is installed the most is never imported, and need not be compiled.
$(INSTALLED): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "No Python 3.11 to 3.14 found: install one, or run make PYTHON=/path/to/python" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --no-compile --disable-pip-version-check -q -c constraints.txt -e '.[dev,docs]'
	$(BIN)/python -m compileall -q sim
	@touch $@

run: venv ## Answer the question in a file: make run WORKLOAD=workloads/cerebras-gpt-111m.yaml
	$(BIN)/wsesim run $(WORKLOAD) --force

test: venv ## Run the tests on all cores
	$(BIN)/python -m pytest -n auto --dist loadgroup

nightly: venv ## Run the long tests, laws and files users may write on twenty times as many cases, and mutants: two hours
	$(BIN)/python -m pip install --disable-pip-version-check -q -c constraints.txt -e '.[dev,cluster,studies]'
	$(BIN)/python -m pytest -n auto --dist loadgroup -m "hypothesis or nightly or every" --hypothesis-profile=nightly
	$(BIN)/python benchmarks/mutants.py

mutants: venv ## Change one operator of the source after the other; fail where no test notices: an hour
	$(BIN)/python benchmarks/mutants.py

lint: venv ## Check style and formatting
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: venv ## Check types, strictly
	$(BIN)/mypy $(if $(CI),--cache-dir=/dev/null)

contracts: venv ## Check that packages import only from the layers below
	$(BIN)/lint-imports --no-logo

docs: venv ## Build the manual into build/docs, a site that needs no network; any warning fails
	$(BIN)/python -m sphinx -E -W --keep-going -q -b html docs build/docs

check: lint types contracts docs test ## All of the above checks: run before every commit

format: venv ## Repair style and formatting where a tool can
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

golden: venv ## Rewrite the golden files; read the diff before committing it
	$(BIN)/python -m pytest -n auto --dist loadgroup --update-golden

bench: venv ## Measure the speed of the simulator itself
	$(BIN)/python benchmarks/run.py

calibrate: venv ## Set the calibrated constants anew without each group of rows in turn
	$(BIN)/python benchmarks/calibrate.py

measured: venv ## Keep the errors of all measured rows for questions that are like one: five minutes
	$(BIN)/python benchmarks/measured.py

reports: venv ## Rewrite the committed reports: five minutes
	for name in $(REPORTED); do $(BIN)/wsesim run workloads/$$name.yaml --out reports/$$name --force --quiet || exit; done
	for name in $(KERNELS); do $(BIN)/wsesim run workloads/kernels/$$name.yaml --out reports/$$name --force --quiet || exit; done
	for name in $(STUDIED); do $(BIN)/wsesim sweep workloads/studies/$$name.yaml --out reports/$$name --force --quiet || exit; done
	$(BIN)/wsesim validate --sensitivity --out build/validation --force
	$(BIN)/wsesim validate --kernels --out build/validation-kernels --force
	$(BIN)/wsesim validate --gpus --sensitivity --out build/validation-gpus --force
	$(BIN)/wsesim validate --behaviour --out reports/behaviour --force --quiet
	cp build/validation/*.* build/validation-kernels/*.* build/validation-gpus/*.* reports
	for name in $(ASKED_AGAIN); do $(BIN)/wsesim sensitivity workloads/$$name.yaml --out reports/$$name-sensitivity --force --quiet || exit; done
	cd docs && ../$(BIN)/python -m made.index

weights: venv ## Train the small models that ship, and put them into the package: an hour
	for name in $(SHIPPED); do $(BIN)/wsesim train workloads/learning/$$name.yaml --out build/$$name --force || exit; done
	$(BIN)/python benchmarks/weights.py $(foreach name,$(SHIPPED),$(name)=build/$(name))

constraints: ## Pin the newest allowed versions in constraints.txt (needs uv)
	uv pip compile -q --universal --fork-strategy fewest --python-version 3.11 --upgrade \
		--no-annotate --no-header --extra dev --extra cluster --extra studies --extra docs pyproject.toml -o constraints.txt

build: venv ## Build the wheel into dist/
	$(BIN)/python -m pip wheel --disable-pip-version-check -q --no-deps -w dist .

clean: ## Remove .venv, caches and builds; your runs/ stay
	rm -rf .venv dist build .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find sim tests -name __pycache__ -type d -prune -exec rm -rf {} +
