# `make` alone lists what there is. Needed: Rust, a C compiler, Python 3. SAM and cargo-lambda only for build, deploy and delete;
# test-more installs its own.

.DEFAULT_GOAL := help
.PHONY: help demo invoke services stop test test-more check docs bench bench-ingest bench-function bench-relay mutants fuzz fuzz-proofs build deploy delete dist package

PYTHON ?= python3
SAM ?= sam
EVENT ?= events/curated.json
STACK ?= tablefeed
PORT ?= 8000
ARCHITECTURE ?= arm64
# Parameters of template.yaml, as in: make deploy PARAMETERS='PersistRecords=5000 LogLevel=DEBUG'
PARAMETERS ?=
# How often bench-function measures each function
ROUNDS ?= 5
# How long each fuzz target runs
FUZZ_SECONDS ?= 30
FUZZ_TARGETS ?= compression event kpl mapping template

TARGET := $(or $(CARGO_TARGET_DIR),target)
TABLEFEED := $(TARGET)/debug/tablefeed
# Every command selects the whole workspace: another selection unifies features differently and compiles the AWS SDKs again.
COMPILED = cargo build --workspace --bins
# Tools that the project installs for itself, a folder for each version.
DENY := .tools/cargo-deny@0.20.2/bin/cargo-deny
FUZZ := .tools/cargo-fuzz@0.13.2/bin/cargo-fuzz
PYTEST = PYTHONDONTWRITEBYTECODE=1 TABLEFEED_BIN=$(abspath $(TABLEFEED))

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do printf '  %-14s %s\n' "$$name" "$$text"; done

demo: ## Run the function on a sample event, then show the table's items and the letters
	$(COMPILED)
	$(TABLEFEED) invoke events/mixed.json
	$(TABLEFEED) items CuratedRecords
	$(TABLEFEED) letters

invoke: ## Run the function on one event, EVENT=events/curated.json
	$(COMPILED)
	$(TABLEFEED) invoke $(EVENT)

# What the services say, and their process, until they stop.
SERVICES := .tablefeed/services
# Whether the process of a number that was written down is still this program: numbers are used again.
RUNS = { ps -p "$$process" -o args= || cat "/proc/$$process/cmdline"; } 2> /dev/null | grep -aq emulate

services: ## Serve the embedded AWS in the background, PORT=8000, for any SDK, until make stop
	$(COMPILED)
	@mkdir -p .tablefeed
	@process=$$(cat $(SERVICES).pid 2> /dev/null); \
	if [ -n "$$process" ] && $(RUNS); then head -n 1 $(SERVICES).log; echo "runs already; make stop ends it"; exit 0; fi; \
	nohup $(TABLEFEED) emulate --port $(PORT) > $(SERVICES).log 2>&1 < /dev/null & process=$$!; echo $$process > $(SERVICES).pid; \
	for turn in $$(seq 100); do \
	  if grep -q '^endpoint: ' $(SERVICES).log; then grep -v '^Ctrl-C' $(SERVICES).log; echo 'make stop ends it.'; exit 0; fi; \
	  kill -0 $$process 2> /dev/null || break; \
	  sleep 0.1; \
	done; \
	cat $(SERVICES).log >&2; rm -f $(SERVICES).pid; kill $$process 2> /dev/null; exit 1

stop: ## End what make services began; harmless without it
	@process=$$(cat $(SERVICES).pid 2> /dev/null); rm -f $(SERVICES).pid; \
	if [ -z "$$process" ] || ! $(RUNS); then echo "no services run"; exit 0; fi; \
	kill $$process; \
	for turn in $$(seq 100); do kill -0 $$process 2> /dev/null || { echo stopped; exit 0; }; sleep 0.1; done; \
	echo "process $$process does not end; end it yourself" >&2; exit 1

check: $(DENY) ## Formatting, lints, and what dependencies may be; no tests
	cargo fmt --all --check
	cargo fmt --manifest-path fuzz/Cargo.toml --check
	cargo fmt --manifest-path benches/function/plain/Cargo.toml --check
	cargo clippy --workspace --all-targets -- -D warnings
	$(DENY) --locked check --hide-inclusion-graph bans licenses sources

docs: ## Write a man page for each command into target/man, and the tables of docs/settings.md
	$(COMPILED)
	$(TABLEFEED) man $(TARGET)/man
	UPDATE_DOCS=1 cargo test --workspace --test cli_it settings_page

# Most tests wait for a server more than they work.
THREADS := $(shell expr 3 \* $$(getconf _NPROCESSORS_ONLN))

# The ledger property and the release build keep every core busy, so they run apart from the tests that watch the clock.
test: .venv/.stamp ## All tests that need Rust, a C compiler and Python alone
	cargo build --workspace --bins --tests
	cargo test --workspace -- --test-threads $(THREADS) --skip ledger:: --skip release::
	cargo test --workspace --test it -- --nocapture ledger:: release::
	$(PYTEST) .venv/bin/pytest tests/python

test-more: .venv-more/.stamp .venv-checkov/.stamp ## Template, package and function under SAM, cargo-lambda and ministack
	cargo build --workspace --bins --tests
	$(PYTEST) .venv-more/bin/pytest tests/more

bench: ## All benchmarks, those of the targets bench-... included
	cargo bench --workspace
	$(MAKE) --no-print-directory $(shell sed -n 's/^\(bench-[a-z]*\):.*/\1/p' $(MAKEFILE_LIST))

bench-ingest: .venv-bench/.stamp ## Ingest beside Flask and an empty handler, each on one core; Linux, two cores, two minutes beyond the build
	cargo build --release -p tablefeed-cli -p tablefeed-bench-ingest
	taskset -c 1 $(TARGET)/release/bench-ingest $(abspath .venv-bench/bin/gunicorn)

# Before whatever else the machine does, where one may ask for that.
FIRST = $(shell chrt --rr 1 true 2> /dev/null && echo chrt --rr 1)

# Each is built by itself: together they would have each other's features.
bench-function: ## persist beside an empty function and a plain one on the AWS SDK; Linux, two cores, ROUNDS=5
	cargo build --release -p tablefeed --bin persist
	cargo build --release -p tablefeed-bench-function
	cargo build --release --locked --manifest-path benches/function/plain/Cargo.toml --target-dir $(TARGET)/plain
	$(FIRST) $(TARGET)/release/bench-function $(TARGET)/bench-function $(ROUNDS) floor=$(TARGET)/release/bench-function-floor \
	  'plain SDK=$(TARGET)/plain/release/plain' ours=$(TARGET)/release/persist

bench-relay: ## The relay beside a plain poller, at a URL that takes 20 ms; two minutes beyond the build
	cargo build --release -p tablefeed-cli -p tablefeed-bench-relay
	$(TARGET)/release/bench-relay

mutants: ## Plant the faults of mutants/ one by one; each must be caught by the test that its patch names
	$(PYTHON) mutants/run.py

fuzz: $(FUZZ) ## Fuzz what reads foreign bytes, FUZZ_SECONDS=30 for each target
	fuzz/run.sh $(FUZZ) $(FUZZ_SECONDS) $(FUZZ_TARGETS)

fuzz-proofs: $(FUZZ) ## Prove that each fuzz target finds a planted fault
	fuzz/prove.sh $(FUZZ) $(FUZZ_SECONDS) $(FUZZ_TARGETS)

build: ## Build the function's package, ARCHITECTURE=arm64 or x86_64
	$(SAM) build --parameter-overrides Architecture=$(ARCHITECTURE)

deploy: build ## Deploy to AWS, STACK=tablefeed, PARAMETERS='Name=value ...'
	$(SAM) deploy --stack-name $(STACK) --resolve-s3 --capabilities CAPABILITY_IAM --no-fail-on-empty-changeset \
	  --parameter-overrides Architecture=$(ARCHITECTURE) $(PARAMETERS)

delete: ## Delete the stack; table, letters and failed events stay
	$(SAM) delete --stack-name $(STACK) --no-prompts

# Each function is built by itself: together they would have each other's features.
LAMBDA = cargo lambda build --release --locked --$(subst _,-,$(ARCHITECTURE)) --lambda-dir $(TARGET)/lambda
# One time in every archive: the commit's, unless told.
dist: export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct)

dist: ## Pack what is released into target/dist: a zip for each function, ARCHITECTURE=arm64 or x86_64, and the command line
	$(LAMBDA) -p tablefeed --bin persist
	$(LAMBDA) -p tablefeed-ingest --bin ingest
	$(LAMBDA) -p tablefeed-relay --bin relay
	cargo build --release --locked -p tablefeed-cli
	$(PYTHON) dist/pack.py $(TARGET)/dist $(TARGET)/release/tablefeed $(foreach name,persist ingest relay,$(name)=$(TARGET)/lambda/$(name)/bootstrap)

package: ## Pack the packages for a registry into target/package, and compile each from there
	cargo package --workspace --exclude 'tablefeed-bench-*' --locked

# Built without optimisation: that takes a fifth of the time, and what they do here takes a second.
$(DENY) $(FUZZ):
	CARGO_PROFILE_DEV_DEBUG=0 cargo install --debug --quiet --locked --no-default-features --root $(@D)/.. $(notdir $(patsubst %/bin,%,$(@D)))

# A folder of Python packages, made again when its list changes.
.venv/.stamp: tests/python/requirements.txt
.venv-more/.stamp: tests/more/requirements.txt
.venv-checkov/.stamp: tests/more/checkov.txt
.venv-bench/.stamp: benches/ingest/requirements.txt
.venv/.stamp .venv-more/.stamp .venv-checkov/.stamp .venv-bench/.stamp:
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	touch $@
