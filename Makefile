# Two commands to start with: `make demo` and `make test`. See `make help`.
SHELL := /bin/bash
PRESET ?= release
JOBS ?= $(shell nproc)
SCENARIO ?= scenarios/quickstart.json

.PHONY: help setup build demo test unit live browser lint format asan tsan planted fuzz bench soak plots ca install deb deb-test clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

setup: ## install what the build and the tests need (Debian 12, root or sudo)
	@tools/setup build

build: setup ## build the release programs into build/release/bin (build/bin leads there)
	@tools/build release

demo: setup ## build the programs alone, run scenarios/quickstart.json and say where its report is
	@tools/build release programs
	@build/bin/crest-sim run $(SCENARIO) --out out/demo
	@echo "report: out/demo/report.html (for a browser)  summary.txt  summary.json  junit.xml  timeseries.csv"

test: setup ## all tests: unit tests under AddressSanitizer and UBSan, live tests on the release build, reports in a browser
	@tools/build asan unit
	@tools/test asan unit
	@tools/build release live
	@tools/test release live
	@tools/setup browser
	@tools/browser-test

browser: build ## look at report.html in headless Chromium: charts, keyboard, accessibility (PICTURES=directory)
	@tools/setup browser
	@tools/browser-test $(PICTURES)

lint: ## clang-format check, headers alone, and clang-tidy on the files that changed (all with LINT=all)
	@tools/setup lint
	@tools/lint $(LINT)

format: ## run clang-format over the tree
	@tools/setup lint
	@git ls-files '*.hpp' '*.cpp' | xargs clang-format-14 -i

asan: setup ## all tests, programs included, under AddressSanitizer and UBSan
	@tools/build asan all
	@tools/test asan

tsan: setup ## all tests under ThreadSanitizer
	@tools/build tsan all
	@tools/test tsan

planted: setup ## plant each bug of tests/planted in turn, and see that the checks it names find it (PLANTED="names")
	@tools/planted $(PLANTED)

fuzz: ## build the fuzz targets and run each for FUZZ_RUNS executions (default 1,000,000)
	@tools/setup fuzz
	@tools/build fuzz fuzz
	@tools/fuzz

bench: build ## side by side with peers, as CPU time per unit of work
	@bench/run

soak: build ## longer live runs: every shipped scenario, against simulated ones, and the large topology
	@tools/soak

plots: build ## run shipped sweeps and scenarios in simulated time and draw docs/images (PLOTS=kinds, FORMAT=svg|png)
	@FORMAT=$(or $(FORMAT),svg) tools/plots $(PLOTS)

ca: setup ## a certificate authority and certificates for tests, in build/ca (NAMES="localhost a.test")
	@tools/test-ca build/ca $(NAMES)
	@echo "build/ca: ca.pem, and a .pem and a .key for each name"

install: build ## install programs, scenarios, docs, man pages and completions: docs/install.md (PREFIX=/usr/local)
	@cmake --install build/release --prefix $${PREFIX:-/usr/local}

deb: build ## make a Debian package of the same: build/release/crest-lab_*.deb
	@tools/setup deb
	@cd build/release && cpack -G DEB >cpack.log || { cat cpack.log; exit 1; }
	@ls build/release/crest-lab_*.deb

deb-test: deb ## install the package in a new Debian 12 and try it there (root, a mirror)
	@tools/deb-test

clean: ## remove build/ and out/
	@rm -rf build out
