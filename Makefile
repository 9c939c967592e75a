# The two commands: `make run` shows the product, `make test` proves it. Both bring what they need.

.PHONY: help run test check lint unit integration schema judge browser engine geo geo-test-data snippet page grafana agents \
	screenshots bench-ingest bench-versions bench-query chaos attack upgrade prove browsers chromium schemathesis strace
.DEFAULT_GOAL := help

# A line that begins with `##` is a heading; what a target does stands behind `##` on its own line.
help:
	@awk -F ':.*## ' '/^## / { print substr($$0, 4) } /^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

## First:

run: engine geo ## the demo: a shop, its storefront, simulated visitors, the live funnel
	cargo run --release -- demo

test: unit integration schema judge browser ## everything that can fail: Rust, API, snippet, kills, page, browser

check: lint test ## what CI runs: format, lints, tests

## One suite of `make check`:

lint: js-snippet/node_modules/.stamp dashboards/web/node_modules/.stamp dashboards/grafana/node_modules/.stamp ## format, lints, licenses and types
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
	cargo clippy --features planted-faults --test chaos -- -D warnings
	@packaging/cargo-deny.sh
	cd js-snippet && npm run --silent check
	cd dashboards/web && npm run --silent check
	cd dashboards/grafana && npm run --silent check

unit: js-snippet/node_modules/.stamp dashboards/web/node_modules/.stamp dashboards/grafana/node_modules/.stamp packaging/agents/node_modules/.stamp ## snippet, page, boards and rules for user agents, without a browser
	cd js-snippet && npm test --silent
	cd packaging/agents && npm test --silent
	cd dashboards/web && npm test --silent
	cd dashboards/grafana && npm test --silent

# A test mostly waits for its own requests, one after the other, so the cores have room for twice as many.
integration: engine geo geo-test-data strace ## Rust: units, the product through HTTP, rules of the codebase
	RUST_TEST_THREADS=$$((2 * $$(nproc))) cargo test

schema: engine schemathesis ## hold the API against its document; ARGS="--seed 7 --max-examples 500" looks longer
	cargo build
	"$${XDG_CACHE_HOME:-$$HOME/.cache}/shopfunnel/schemathesis/bin/python" tests/schema/run.py $(ARGS)

# Synced, because what the build has written would slow down what is timed.
judge: engine ## break the real program for some minutes and count what it kept
	cargo test --features planted-faults --test chaos --no-run
	@sync
	cargo test --features planted-faults --test chaos -- short

browser: engine browsers tests/browser/node_modules/.stamp ## the page and the boards in Chromium, the snippet in three engines
	cargo build
	cd tests/browser && npx --no-install playwright test

## Bring or build a part:

engine: ## bring the embedded ClickHouse engine into the user's cache
	@packaging/engine.sh

geo: ## bring the database of countries into the user's cache
	@packaging/geo.sh

snippet: js-snippet/node_modules/.stamp ## build js-snippet/dist
	cd js-snippet && npm run --silent build

page: dashboards/web/node_modules/.stamp ## build dashboards/web/dist
	cd dashboards/web && npm run --silent build

grafana: dashboards/grafana/node_modules/.stamp ## build dashboards and alert rules for Grafana
	cd dashboards/grafana && npm run --silent build

agents: packaging/agents/node_modules/.stamp ## build the rules for user agents in src/enrich/data
	cd packaging/agents && npm run --silent build

screenshots: engine chromium tests/browser/node_modules/.stamp ## write the README's pictures (wants a CJK font)
	cargo build
	cd tests/browser && node screenshot.mjs

## Measure:

bench-ingest: engine ## measure how fast events are taken; ARGS=--write puts the tables into docs/BENCHMARKS.md
	@command -v wrk >/dev/null || { echo "bench-ingest: the load generator wrk is missing: apt install wrk" >&2; exit 1; }
	cargo build --release --example null_server
	cargo bench --bench ingest -- $(ARGS)

bench-versions: engine ## compare two builds under the same load; ARGS="BEFORE AFTER" names their programs
	@command -v wrk >/dev/null || { echo "bench-versions: the load generator wrk is missing: apt install wrk" >&2; exit 1; }
	python3 benches/versions.py $(ARGS)

bench-query: engine ## measure how long a funnel takes; ARGS="--events 10000000 --events 100000000 --write"
	cargo bench --bench query -- $(ARGS)

## Prove more than `make check`:

chaos: engine ## the judge for most of an hour, with power cuts and a kill at every step (wants root and strace)
	cargo test --features planted-faults --test chaos -- long

attack: engine chromium tests/browser/node_modules/.stamp strace ## attack the doors, the disk and the bounds, the disk sweep twenty times (wants root)
	TEST_SWEEPS=20 cargo test --test it -- engine_door full_disk readiness new_values limits framing readers sharing
	cd tests/browser && npx --no-install playwright test attack

upgrade: engine ## make a data directory with an earlier version, and have this one keep every figure
	python3 tests/upgrade/run.py $(ARGS)

prove: test attack chaos upgrade ## everything that there is to prove, slow suites included

browsers: chromium ## bring Firefox and WebKitGTK, for the snippet, beside Chromium
	@packaging/debian.sh firefox-esr
	@packaging/debian.sh webkit2gtk-driver command -v WebKitWebDriver
	@packaging/debian.sh xvfb command -v Xvfb

chromium strace:
	@packaging/debian.sh $@

geo-test-data:
	@packaging/geo-test-data.sh

schemathesis:
	@packaging/schemathesis.sh

%/node_modules/.stamp: %/package-lock.json
	cd $* && npm ci --no-audit --no-fund --ignore-scripts
	@touch $@
