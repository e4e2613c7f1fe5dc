# The two commands of a fresh machine are `make run` and `make test`; `make` alone lists the rest.
# Needs: Node 20.19 or later with npm. What else is missing, scripts/setup installs.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup install build run test check bench clean

SCENARIO ?= writeback-held
ARGS ?=
# What ARGS names itself is not given twice.
run_defaults = $(if $(filter --trigger --trigger=%,$(ARGS)),,--trigger compact) $(if $(filter --on --on=%,$(ARGS)),,--on host)

help: ## This list
	@sed -n 's/^\([a-z]*\):.*## /\1 /p' $(MAKEFILE_LIST) | while read -r name text; do printf 'make %-8s %s\n' "$$name" "$$text"; done

# Status 3 is "packages could not be installed": told, and the tests that need them skip.
setup: ## Check Node, install missing system packages (as root; else print the command)
	@scripts/setup || [ $$? -eq 3 ]

# npm writes this file last. Scripts of dependencies are not run: all of them bring prebuilt binaries.
# Not `npm ci`: it refuses a lock file that lacks optional packages of other platforms, which npm leaves out when
# the registry does not have them. `--no-save` installs what is locked, checked by integrity, and writes no lock.
node_modules/.package-lock.json: package-lock.json | setup
	@if [ -L node_modules ]; then \
	  echo 'node_modules is a link: left as it is'; \
	else \
	  echo 'npm install --no-save --ignore-scripts'; \
	  npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error </dev/null; \
	  touch $@; \
	fi

install: setup node_modules/.package-lock.json ## The same, and install the npm packages of the lock file

build: install ## Compile to dist/ (only what changed)
	@node_modules/.bin/tsc -b && chmod +x dist/src/cli/main.js

run: build ## Wedge writeback and compact this kernel (SCENARIO=…, ARGS="--on vm …")
	@node dist/src/cli/main.js run $(SCENARIO) $(run_defaults) $(ARGS)

test: build ## Lint, rooms, dead code, unit, kernel and VM tests (ARGS="--filter REGEXP")
	@node scripts/test.mjs check unit kernel vm $(ARGS)

check: build ## Only lint, rooms and dead code
	@node scripts/test.mjs check

bench: build ## fio on a healthy mount and on tmpfs, pinned, in one run (ARGS="--rounds N --json")
	@node scripts/bench.mjs $(ARGS)

clean: ## Remove dist/ (runs/ is yours and stays)
	rm -rf dist
