# What people and CI run. `make` lists it.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

UPDRAFT_DEV ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/updraft-dev
export UPDRAFT_DEV
TARGET := $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)
UPDRAFT := $(TARGET)/release/updraft
# The outside tests drive the binary that the inside tests have built already.
UPDRAFT_BIN ?= $(TARGET)/debug/updraft
DENY := $(or $(shell command -v cargo-deny),$(UPDRAFT_DEV)/cargo-deny/bin/cargo-deny)
# The shop's next version: the shop with one of the folders of examples/ laid over it. It lies apart for the sake
# of the clone, and in one place for the sake of what was built before.
NEXT := $(UPDRAFT_DEV)/shop-next
overlay = mkdir -p $(NEXT) && cp -R examples/shop/. $(NEXT)/ && cp -R examples/$(1)/functions $(NEXT)/
# The exit code of `updraft deliver` for a release that was rolled back on evidence.
ROLLED_BACK := 7

.PHONY: help
help: ## list what can be made
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 22

.PHONY: setup
setup: ## install what a fresh Debian machine lacks
	.ci/setup run browser tests deny

.PHONY: build
build: ## build the release binary
	cargo build --release --locked --package updraft

.PHONY: up
up: build ## build Updraft and deliver the shop on the embedded engine
	.ci/setup run
	$(UPDRAFT) deliver --app examples/shop --start-engine

.PHONY: bad
bad: build ## deliver a version of the shop with a flaw, and see it rolled back
	@$(call overlay,shop-bad); \
	$(UPDRAFT) deliver --app $(NEXT) --start-engine && code=0 || code=$$?; \
	if [ $$code -eq $(ROLLED_BACK) ]; then echo "make: rolled back, as it should be"; \
	elif [ $$code -eq 0 ]; then echo "make: the flawed release was promoted" >&2; exit 1; \
	else exit $$code; fi

.PHONY: good
good: build ## deliver that version made good, and see it promoted
	@$(call overlay,shop-good); \
	$(UPDRAFT) deliver --app $(NEXT) --start-engine

.PHONY: test
test: check test-inside test-outside ## run every check and every test

.PHONY: check
check: ## formatting, lints, generated code, arrows, licences
	cargo fmt --all --check
	.ci/setup tests deny
	PATH="$(UPDRAFT_DEV)/outside/bin:$$PATH" cargo xtask codegen --check
	cargo xtask arrows
	$(DENY) --log-level error --offline --all-features --workspace check --hide-inclusion-graph licenses bans sources
	cargo clippy --workspace --all-targets --locked -- -D warnings

.PHONY: test-inside
test-inside: ## the tests in Rust, and the shop's own
	@if cargo nextest --version >/dev/null 2>&1; then \
	  cargo nextest run --workspace --locked --no-fail-fast; \
	else \
	  cargo test --workspace --locked --no-fail-fast; \
	fi
	$(MAKE) --no-print-directory test-shop

.PHONY: test-shop
test-shop: ## the shop's unit tests, and those of its next versions
	.ci/setup run
	for folder in examples/shop/functions/{storefront,catalogue,orders}; do (cd $$folder && node --test test/); done
	cd examples/shop/functions/cart && python3 -m unittest -q
	cd examples/shop/functions/pricing && CARGO_TARGET_DIR=$(TARGET)/pricing cargo test --quiet --locked
	for next in shop-bad shop-good; do ( \
	  scratch=$$(mktemp -d) && trap 'rm -rf $$scratch' EXIT && \
	  cp -R examples/shop/functions/catalogue/. examples/$$next/functions/catalogue/. $$scratch/ && \
	  cd $$scratch && node --test test/); done

.PHONY: test-outside
test-outside: ## AWS's clients, SAM and a browser against the engine
	.ci/setup run browser tests
	cargo build --locked --package updraft
	UPDRAFT_BIN=$(UPDRAFT_BIN) UPDRAFT_REQUIRE_BROWSER=1 \
	  $(UPDRAFT_DEV)/outside/bin/python -m pytest -c tests/pytest.ini tests

.PHONY: bench
bench: build ## measure, and write docs/performance.md
	cargo xtask bench

.PHONY: clean
clean: ## remove what was built; caches outside the clone stay
	cargo clean
	rm -rf $(NEXT)
