SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.SUFFIXES:

# Ansible insists on a UTF-8 locale; the glob keeps molecule from warning about the place of its scenarios.
export LC_ALL := C.UTF-8
export NO_COLOR := 1
export ANSIBLE_NOCOLOR := 1
export PY_COLORS := 0
export MOLECULE_GLOB := molecule/*/molecule.yml
export PATH := $(CURDIR)/.venv/bin:$(PATH)

VENV := .venv/requirements.txt
VENV_2_17 := .venv-2.17/requirements.txt
VENV_IMPORT := .venv-import/requirements.txt

.PHONY: help
help:  ## this list
	@sed -nE 's/^([a-z0-9.-]+):[^#]*## (.*)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 20

.PHONY: demo
demo: $(VENV)  ## a balancer and two workers in containers, provisioned by site.yml, and what came of it
	bash molecule/lab/demo.sh

.PHONY: demo-down
demo-down: $(VENV)  ## remove what the demo made
	bash molecule/lab/demo.sh down

.PHONY: test
test: $(VENV)  ## everything that CI runs, from linters to scenarios
	.venv/bin/python .ci/stages.py

.PHONY: venv
venv: $(VENV)  ## the environment that everything here runs in (.venv)

$(VENV): requirements-dev.txt
	@.ci/venv .venv $<

$(VENV_2_17): requirements-2.17.txt
	@.ci/venv .venv-2.17 $<

$(VENV_IMPORT): requirements-import.txt
	@.ci/venv .venv-import $<

.PHONY: lint
lint: $(VENV)  ## ruff, mypy, yamllint, codespell, shellcheck, ansible-lint
	ruff check .
	ruff format --check .
	mypy -p ansible_collections.hardened.balancer.plugins
	mypy tests molecule tools .ci
	yamllint --strict .
	codespell
	git ls-files -co --exclude-standard -- ':!collections' | xargs grep -slE '^#!.*\<bash$$' | xargs shellcheck
	ansible-lint --offline

.PHONY: format
format: $(VENV)  ## let ruff put the Python files into shape
	ruff check --fix .
	ruff format .

.PHONY: generate
generate: $(VENV)  ## write argument specifications and defaults of the roles from the model
	python tools/generate.py

.PHONY: golden
golden: $(VENV)  ## write anew what the examples are rendered to (tests/golden)
	python tests/unit/test_golden.py

.PHONY: keywords
keywords: $(VENV)  ## compare the catalogue of keywords with HAProxy's manuals, and write docs/keywords.md
	manuals=$$(.ci/manuals); python tools/keywords.py --output docs/keywords.md $$manuals

.PHONY: unit
unit: $(VENV)  ## unit tests, ansible-core 2.19
	pytest -q tests/unit tests/refusals

.PHONY: topics
topics: $(VENV)  ## every example of docs/topics as it is printed, by requests to HAProxy 2.6 and 3.0 in containers
	bash molecule/lab/topics.sh
	BALANCER_TOPICS=containers pytest -q tests/topics

.PHONY: mutation
mutation: $(VENV)  ## every key of every example misspelt, of a wrong type, and dropped: what the model makes of it
	pytest -q tests/mutation

# What runs on nodes, with real daemons, knows nothing of the controller's ansible-core.
OF_NODES := proof roles plugins/module_utils plugins/modules/test_haproxy_live.py

.PHONY: unit-2.17
unit-2.17: $(VENV_2_17)  ## unit tests and the installed artifact, ansible-core 2.17
	.venv-2.17/bin/python -m pytest -q tests/unit tests/refusals tests/artifact $(addprefix --ignore=tests/unit/,$(OF_NODES))

.PHONY: artifact
artifact: $(VENV)  ## the built collection, installed into an empty directory, ansible-core 2.19
	pytest -q tests/artifact

.PHONY: docs-lint
docs-lint: $(VENV)  ## documentation of modules and roles, changelog
	mkdir -p .cache/home
	HOME=$(CURDIR)/.cache/home antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs self --check-extra-docs-refs .
	antsibull-changelog lint
	antsibull-changelog lint-changelog-yaml --strict changelogs/changelog.yaml

.PHONY: sanity
sanity: $(VENV)  ## ansible-test sanity on a copy of the work tree
	.ci/sanity

.PHONY: build
build: $(VENV) $(VENV_IMPORT)  ## build/hardened-balancer-VERSION.tar.gz, checked by galaxy-importer
	.ci/build

.PHONY: molecule
molecule: $(VENV)  ## the scenarios, in containers
	molecule destroy --all >/dev/null 2>&1
	molecule test --all

.PHONY: bench
bench: $(VENV)  ## a run with nothing to change, and requests a second beside others; medians with their spread
	python -m tests.bench.bench

.PHONY: proof
proof: $(VENV)  ## the long evidence: lines of issues not yet shown for these files, or LINES="4.1 4.6"; .cache/proof
	python -m tests.proof.proof $(LINES)

.PHONY: pins
pins:  ## renew what the pinned packages bring along (requirements-*.txt)
	for file in requirements-*.txt; do .ci/pin "$$file"; done

.PHONY: clean
clean:  ## remove environments, caches and builds
	rm -rf .venv .venv-2.17 .venv-import .cache .ansible build
