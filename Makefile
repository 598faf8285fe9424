# Everything a person or a machine does with this project, one word each. `make` alone lists them.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
# One step after the other, whatever -j says: the machine is small and the order means something.
.NOTPARALLEL:
.PHONY: help deps build probe run test unit e2e tidy generated sanitize bench fuzz soak format lint clean

# Swift is found on the PATH, else where its Linux archive is commonly unpacked.
export PATH := $(PATH):/opt/swift/usr/bin
SWIFT ?= swift
SECONDS ?= 60
# Debug information stays out of the binary; its symbols stay in, for traces.
RELEASE_FLAGS ?= -c release --static-swift-stdlib -Xlinker --strip-debug
BINARY := .build/release/heliograph
PYTHON := .venv/bin/python

PACKAGES := node-llhttp libnghttp2-dev libssl-dev libcurl4-openssl-dev libsimdjson-dev zlib1g-dev \
    libsqlite3-dev libpq-dev postgresql libargon2-dev libcrypt-dev libstdc++-12-dev redis-server redis-tools nghttp2-client \
    wrk nginx-light pkg-config curl openssl python3 python3-venv

# The project's own Swift; C libraries and generated code are formatted by whoever makes them.
FORMATTED := $(wildcard Sources Tests Tools Fuzz bench) Package.swift

help: ## List what can be made
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

deps: ## Install what Debian and PyPI give (asks apt only for what is missing)
	@missing=$$(for package in $(PACKAGES); do \
	    dpkg-query -W -f='$${db:Status-Status}' $$package 2>/dev/null | grep -qx installed || echo $$package; \
	done); \
	if [ -n "$$missing" ]; then \
	    root=; [ "$$(id -u)" = 0 ] || root=sudo; \
	    $$root apt-get install -y --no-install-recommends $$missing || { \
	        $$root apt-get update && $$root apt-get install -y --no-install-recommends $$missing; }; \
	fi
	@cmp -s e2e/requirements.txt .venv/installed.txt || { \
	    python3 -m venv .venv && $(PYTHON) -m pip install --quiet -r e2e/requirements.txt \
	    && cp e2e/requirements.txt .venv/installed.txt; }
	@command -v swift >/dev/null || { echo "swift 6.3 is needed: https://www.swift.org/install/linux" >&2; exit 1; }

build: deps ## Build the release binary, .build/release/heliograph
	$(SWIFT) build $(RELEASE_FLAGS) --product heliograph

probe: deps # A node of its own for tests that kill and freeze processes.
	$(SWIFT) build $(RELEASE_FLAGS) --product logprobe

run: build ## Build, then serve on 127.0.0.1:8080 (HELIOGRAPH_LISTEN tells otherwise)
	exec $(BINARY) serve --simulate

test: deps generated tidy unit e2e ## Prove everything: tidy, unit tests, release build, foreign clients

# These say how long things take while servers die and come back, so nothing else runs beside them.
OUTAGES := StorePostgresTests|BusRedisTests

# Many tests have deadlines, on a machine with few cores: a handful at a time, whatever the machine.
SWIFT_TEST := $(SWIFT) test --experimental-maximum-parallelization-width 4

unit: deps ## The unit tests alone
	$(SWIFT_TEST) --skip '$(OUTAGES)'
	$(SWIFT_TEST) --skip-build --filter StorePostgresTests
	$(SWIFT_TEST) --skip-build --filter BusRedisTests

e2e: build probe ## The built binary, driven by curl, httpx, websockets and h2load
	$(PYTHON) -m pytest e2e

tidy: deps ## Hold floors, sizes and escape hatches (Tools/tidy)
	$(SWIFT) build --product tidy
	.build/debug/tidy

generated: deps # Generated code matches what it is made from.
	@if [ -f Tools/errors/generate.py ]; then python3 Tools/errors/generate.py --check; fi

# Sanitizers make everything many times slower, so few rooms at once: their tests have deadlines.
ROOMS := "BaseTests|WireTests|CryptoTests|TidyTests" "ReactorTests" "HTTPServerTests" "HTTPClientTests|SystemTests" \
    "StoreTests|StoreSQLiteTests" "KernelTests|BusTests" "IdentityTests|StreamsTests" \
    "BotAPITests|SimulatorTests|SendingTests" "BotsTests|ChatsTests|BotFacadeTests"

# Leaks are not looked for: the Swift runtime keeps what it once allocated.
sanitize: export SWIFT_BACKTRACE := enable=no
sanitize: export ASAN_OPTIONS := detect_leaks=0
sanitize: export TSAN_OPTIONS := suppressions=$(CURDIR)/Tools/sanitize/thread.suppressions log_path=$(CURDIR)/.build-tsan/report
sanitize: deps ## The unit tests, but those of outages, under the address and the thread sanitizer
	$(SWIFT) build --build-tests --sanitize=address --scratch-path .build-asan
	for rooms in $(ROOMS); do \
	    $(SWIFT_TEST) --skip-build --sanitize=address --scratch-path .build-asan --filter "$$rooms"; done
	$(SWIFT) build --build-tests --sanitize=thread --scratch-path .build-tsan
	for rooms in $(ROOMS); do \
	    Tools/sanitize/thread.sh .build-tsan/report \
	        $(SWIFT_TEST) --skip-build --sanitize=thread --scratch-path .build-tsan --filter "$$rooms"; done

bench: build ## Measure against nginx in the same run; bench/out/latest.json
	python3 bench/run.py $(BENCH)

fuzz: deps ## Run every fuzz target for SECONDS (60)
	Fuzz/run.sh $(SECONDS)

soak: build probe ## The long forms of the unit and the end-to-end tests
	HELIOGRAPH_LONG_TESTS=1 $(SWIFT) test --filter 'StoreTests|StoreSQLiteTests'
	$(PYTHON) -m pytest e2e -m soak

format: ## Rewrite the Swift sources in the project's form
	$(SWIFT) format --in-place --parallel --recursive --configuration .swift-format $(FORMATTED)

lint: ## Complain about Swift sources that are not in that form
	$(SWIFT) format lint --strict --parallel --recursive --configuration .swift-format $(FORMATTED)

clean: ## Remove everything that was built (the Python environment stays)
	rm -rf .build .build-asan .build-tsan .build-fuzz bench/out fuzz/out
