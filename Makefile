# The commands of this project. Everything happens in ./.venv and ./target; nothing is installed
# elsewhere. All paths are relative, so that a clone may lie in a folder with spaces in its name.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

BIN := .venv/bin
# pip's own version is no news; hashes make sure that what was tested is what gets installed.
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip
INSTALL := $(PIP) install --quiet --require-hashes
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"
# A maturin that finds conda's variable beside a virtual environment refuses to choose.
MATURIN := env -u CONDA_PREFIX VIRTUAL_ENV="$(CURDIR)/.venv" $(BIN)/maturin
# The binding is tested from Python: its crate has no test of its own.
RUST_TESTED := --locked --workspace --exclude jobsieve-python

RUST_SOURCES := Cargo.toml Cargo.lock $(shell find crates -type f)

##@ Use

.PHONY: run
run: .venv/.extension ## Serve on http://127.0.0.1:8000, with the starter rules where ./jobsieve.db is empty (ARGS="--port 9000")
	@$(BIN)/jobsieve rules import --starter --if-empty
	@exec $(BIN)/jobsieve serve $(ARGS)

.PHONY: help
help: ## Show these targets
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

##@ Work on it

.PHONY: test
test: .venv/.dev .venv/.extension ## Run all tests, Rust's and Python's (ARGS="-k config" for pytest)
	cargo test $(RUST_TESTED)
	$(BIN)/python -m pytest $(ARGS)

.PHONY: lint
lint: .venv/.dev .venv/.extension ## Check style, types, the stub of the compiled module, and clippy
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest jobsieve._core --allowlist tests/stubtest-allowlist.txt
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings

.PHONY: format
format: .venv/.dev ## Rewrite Python and Rust files in the project's style
	$(BIN)/ruff check --fix-only --quiet
	$(BIN)/ruff format
	cargo fmt --all

.PHONY: bench
bench: .venv/.extension ## Run the benchmarks; each checks its answers (BENCH_DATA=folder: more of them; needs wrk)
	$(BIN)/python benchmarks/speed.py $(if $(BENCH_DATA),--data "$(BENCH_DATA)") $(ARGS)
	cargo bench --locked -p jobsieve-engine --bench text --bench language --bench parts
	$(BIN)/python benchmarks/busy_interpreter.py

.PHONY: fuzz
fuzz: ## Read random and broken input for a minute, adverts and rules side by side (SECONDS=600)
	cargo build --quiet --locked --release -p jobsieve-fuzz
	@target/release/jobsieve-fuzz analyzer $(or $(SECONDS),60) & \
		target/release/jobsieve-fuzz parser $(or $(SECONDS),60); \
		parser=$$?; wait $$! && exit $$parser

.PHONY: build
build: .venv/.extension ## Build the extension into .venv, as `make run` does

.PHONY: wheel
wheel: .venv/.run ## Build a wheel into ./dist
	$(MATURIN) build --release --locked --out dist

.PHONY: lock
lock: .venv/.made ## Renew requirements*.lock from pyproject.toml
	$(PIP) install --quiet 'uv>=0.13,<0.14'
	$(LOCK) --output-file requirements.lock pyproject.toml
	$(LOCK) --output-file requirements-build.lock --group build
	$(LOCK) --output-file requirements-benchmarks.lock --group benchmarks
	$(LOCK) --output-file requirements-dev.lock --constraint requirements.lock \
		--extra mysql --extra plots --extra postgres --group checks pyproject.toml

.PHONY: clean
clean: ## Remove what was built and installed; the store ./jobsieve.db stays
	rm -rf .venv target dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	rm -f python/jobsieve/_core*.so

# Stamps: what stands in .venv and from which files it was made.

.venv/.made:
	@scripts/check-needs
	@echo "Creating .venv"
	@"$$(scripts/check-needs --python)" -m venv .venv
	@touch $@

.venv/.run: .venv/.made requirements.lock requirements-build.lock
	@echo "Installing what runs and builds Jobsieve"
	@$(INSTALL) -r requirements.lock -r requirements-build.lock
	@touch $@

.venv/.dev: .venv/.run requirements-dev.lock
	@echo "Installing what tests and checks it"
	@$(INSTALL) -r requirements-dev.lock
	@touch $@

# PIP_NO_INDEX: maturin lets pip look at the dependencies again; they must stand by now.
.venv/.extension: .venv/.run pyproject.toml $(RUST_SOURCES)
	@scripts/check-needs
	@echo "Building the extension (the first time takes a minute or two)"
	@PIP_NO_INDEX=1 PIP_QUIET=1 PIP_DISABLE_PIP_VERSION_CHECK=1 $(MATURIN) develop --release --locked
	@touch $@
