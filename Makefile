# The front door. `make help` lists what there is.
SHELL := /bin/bash
.DEFAULT_GOAL := help

JOBS ?= $(shell nproc)
BUILD := build
COUNTS := $(BUILD)/counts.json

# Compiler runs of different build folders share results.
export CCACHE_NOHASHDIR := 1
export CCACHE_DIR ?= $(CURDIR)/$(BUILD)/ccache

.PHONY: help run build test e2e bench bench-quick bench-check bench-build fuzz proofs torture ci lint format clean sanitize coverage

help: ## Show this list
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

run: ## Set up, build, start with sample traffic, print violations as they come (Ctrl-C ends it)
	@tools/setup --run
	@$(MAKE) --no-print-directory build
	@exec $(BUILD)/betrace demo --serve --storage-path $(BUILD)/run/rules $(DEMO_FLAGS)

build: $(BUILD)/release/CMakeCache.txt ## Build the program: build/betrace
	@cmake --build $(BUILD)/release --target betrace -j $(JOBS)
	@ln -sfn release/betrace $(BUILD)/betrace

$(BUILD)/%/CMakeCache.txt:
	@cmake --preset $* $(if $(filter release,$*),-DBETRACE_TESTS=$(if $(shell pkg-config --exists gtest && echo 1),ON,OFF)) >/dev/null

test: ## Set up, build, run every fast test; the last line is the count
	@tools/setup --test
	@cmake --preset release -DBETRACE_TESTS=ON >/dev/null
	@cmake --build $(BUILD)/release -j $(JOBS)
	@ln -sfn release/betrace $(BUILD)/betrace
	@tools/run_tests --counts $(COUNTS) --label 'make test' \
	  --gtest $(BUILD)/release/tests --unittest tests/tools --unittest tests/deploy --node tests/e2e \
	  --check tools/floors --check tools/tidy \
	  --check '$(BUILD)/betrace rules check rules/starter/rules.yaml' \
	  --check '$(BUILD)/betrace test rules/starter tests/scenarios'

e2e: build ## Real peers against a real server: SDKs, Collector, Jaeger, Prometheus, Alertmanager, nginx; names who was there
	@tools/setup --e2e
	@tools/run_tests --node tests/e2e --unittest tests/deploy --unittest tests/peers

bench: bench-build ## Measure, print the table, check the ratios that a release must keep
	@tools/bench $(BENCH_FLAGS)

bench-quick: bench-build ## The same within a minute, fewer rows
	@tools/bench --quick $(BENCH_FLAGS)

bench-check: bench-build ## Run each benchmark once: right answers and instruction counts, no time
	@tools/run_tests --counts $(COUNTS) --label bench \
	  $(foreach part,instructions micro http json grpc,--check 'tools/bench --check $(part)')

bench-build: $(BUILD)/release/CMakeCache.txt
	@tools/setup --bench
	@cmake --preset release -DBETRACE_BENCH=ON >/dev/null
	@cmake --build $(BUILD)/release -j $(JOBS) --target betrace micro_bench betrace_instructions
	@ln -sfn release/betrace $(BUILD)/betrace

fuzz: ## Run each fuzz target on its seeds, then for FUZZ_SECONDS (20) each
	@tools/setup --ci
	@cmake --preset fuzz >/dev/null
	@cmake --build $(BUILD)/fuzz -j $(JOBS)
	@tools/fuzz $(BUILD)/fuzz/fuzzers $(or $(FUZZ_SECONDS),20) --counts $(COUNTS)

proofs: ## Prove that nothing is lost, in the counts that guard main: kills, power cuts, every call, an outage, a soak
	@tools/setup --test
	@cmake --preset release -DBETRACE_TESTS=ON >/dev/null
	@cmake --build $(BUILD)/release -j $(JOBS) --target betrace storage_test
	@ln -sfn release/betrace $(BUILD)/betrace
	@tools/torture --proofs --counts $(COUNTS)

torture: ## Overload, attack and soak it for about an hour; TORTURE_MINUTES=1 for a tenth of it
	@tools/setup --test
	@cmake --preset release -DBETRACE_TESTS=ON >/dev/null
	@cmake --build $(BUILD)/release -j $(JOBS) --target betrace api_test control_test engine_test evidence_test storage_test
	@ln -sfn release/betrace $(BUILD)/betrace
	@tools/torture $(TORTURE_MINUTES)

lint: ## Check layout, floors, formatting, shell scripts, and deploy/ with the tools that read it; build the image
	@tools/setup --ci
	@BETRACE_IMAGE_TEST=1 tools/run_tests --counts $(COUNTS) --label lint --check tools/floors --check tools/tidy \
	  --check 'tools/format --check' --check 'shellcheck tools/setup tools/format tools/coverage tools/docs tools/sanitize .ci/run' \
	  --unittest tests/deploy

format: ## Format the C++ sources
	@tools/setup --ci
	@tools/format

sanitize: ## Build and test with ASan + UBSan, then with TSan
	@tools/sanitize dev $(COUNTS)
	@tools/sanitize tsan $(COUNTS)

coverage: ## Print the line coverage of rules, traces and otlp
	@tools/coverage $(COUNTS)

ci: ## What guards main
	@rm -f $(COUNTS)
	@$(MAKE) --no-print-directory test
	@$(MAKE) --no-print-directory proofs
	@$(MAKE) --no-print-directory bench-check
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory sanitize
	@$(MAKE) --no-print-directory coverage
	@$(MAKE) --no-print-directory fuzz FUZZ_SECONDS=10
	@tools/run_tests --sum $(COUNTS)

clean: ## Remove everything that was built
	@rm -rf $(BUILD)
