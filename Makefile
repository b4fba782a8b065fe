# What one can do here; `make help` lists it. Needs Rust, a C compiler and make.

# Cargo's own variable: where it builds. Unset, it is the folder `target`.
TARGET    := $(or $(CARGO_TARGET_DIR),target)
NIGHTLOOM := $(TARGET)/release/nightloom
PIPELINE  ?= pipelines/nightly.toml
SHOP      := data/demo/products.db
HISTORY   := data/demo/workflows.db
EXPORTS   := data/demo/shops
DEMO      := $(SHOP) $(HISTORY) $(EXPORTS)
KEEP      ?= 3
VERSION   := $(shell sed -n 's/^version = "\(.*\)"/\1/p;T;q' Cargo.toml)
TARBALL   := dist/nightloom-$(VERSION)-$(shell uname -m)-linux.tar.gz

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help build run report resync run-due plan stage stage-given status demo test bench bench-server fuzz-api lint docs dist dist-check clean-checkpoints

help: ## List what one can do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo 'Settings: PIPELINE=$(PIPELINE), ARGS="--set vars.db=/srv/shop/products.db --force"'

build: ## Build the program (the first time takes a while: Polars)
	cargo build --release

run: build $(DEMO) ## Run the nightly pipeline; on first use the demo data is made
	$(NIGHTLOOM) run $(PIPELINE) $(ARGS)

report: build ## Open the page of the newest run in the browser
	$(NIGHTLOOM) report $(PIPELINE) --out out/report.html $(if $(DISPLAY)$(WAYLAND_DISPLAY),--open) $(ARGS)

plan: build $(DEMO) ## Say what `make run` would do, and why
	$(NIGHTLOOM) plan $(PIPELINE) $(ARGS)

resync: build ## Bring a search index and a catalog to the same products: make resync ARGS="--set vars.catalog=catalog.json"
	$(NIGHTLOOM) run pipelines/resync.toml $(ARGS)

run-due: build ## Run the jobs of pipelines with a [schedule] that are due: make run-due SCHEDULED="pipelines/resync.toml"
	$(NIGHTLOOM) schedule run-due $(or $(SCHEDULED),pipelines) $(ARGS)

stage: stage-given build $(DEMO) ## Run one stage, its inputs from checkpoints: make stage S=link
	$(NIGHTLOOM) run $(PIPELINE) --only $(S) $(ARGS)

stage-given:
	@test -n "$(S)" || { echo 'Which stage? For example: make stage S=link' >&2; exit 2; }

status: build ## Show the last runs
	$(NIGHTLOOM) status $(PIPELINE) $(ARGS)

demo: $(DEMO) ## Make the demo shop, workflow history and orders, if they are not there: data/demo

# Not remade when the program changes: a run has written into it. To begin anew, remove it.
$(SHOP): | build
	$(NIGHTLOOM) sample shop --rows 2000 --seed 1 --out $@

$(HISTORY): | build
	$(NIGHTLOOM) sample workflows --rows 2000 --seed 1 --out $@

$(EXPORTS): | build
	$(NIGHTLOOM) sample orders --lines 6000 --shops 3 --seed 1 --out $@

test: ## Run all tests
	@if cargo nextest --version >/dev/null 2>&1; then set -x; cargo nextest run --release --workspace --no-fail-fast; \
	else set -x; cargo test --release --workspace --no-fail-fast; fi

bench: ## Measure, and keep the tables in docs/benchmarks.md; one case: make bench ARGS="--only 20k"
	cargo bench --bench fuzzy_kernel
	cargo bench --bench itemsets -- $(if $(FIM_PYTHON),--peer $(FIM_PYTHON) --mlxtend)
	cargo bench --bench ingest
	cargo bench --bench covisitation -- $(if $(COVISITATION_PYTHON),--python $(COVISITATION_PYTHON))
	cargo bench --bench portfolio -- $(if $(PYMOO_PYTHON),--python $(PYMOO_PYTHON))
	cargo bench --bench recommendations -- $(if $(COVISITATION_PYTHON),--python $(COVISITATION_PYTHON))
	cargo bench --bench orders
	cargo bench --bench bundles
	cargo bench --bench linking -- $(ARGS)
	cargo bench --bench workflows -- --large

bench-server: ## Measure the server: needs wrk (apt); SERVER_PYTHON=python with fastapi, uvicorn, sqlalchemy, orjson for the peer
	cargo bench -p nightloom-server --bench server -- $(if $(SERVER_PYTHON),--python $(SERVER_PYTHON)) $(ARGS)

fuzz-api: ## Send 5,000 requests made of the OpenAPI document to a server: none may be a 5xx (needs Python; PyPI: schemathesis)
	.ci/fuzz-api $(TARGET)

lint: ## Check format, warnings, and that the generated documents are up to date
	cargo fmt --all --check
	cargo clippy --release --workspace --all-targets -- -D warnings
	cargo build --release
	$(NIGHTLOOM) operators --markdown | diff -u docs/operators.md - || { echo 'docs/operators.md is out of date: make docs' >&2; exit 1; }
	$(NIGHTLOOM) schema | diff -u docs/pipeline.schema.json - || { echo 'docs/pipeline.schema.json is out of date: make docs' >&2; exit 1; }

docs: build ## Write docs/operators.md and docs/pipeline.schema.json anew
	$(NIGHTLOOM) operators --markdown > docs/operators.md
	$(NIGHTLOOM) schema > docs/pipeline.schema.json

dist: build ## Make dist/: a tarball and a wheel, so that a second machine needs no build (the wheel needs Python)
	rm -rf dist && mkdir -p dist/nightloom-$(VERSION) dist/nightloom.data/data/share/nightloom
	strip -o dist/nightloom-$(VERSION)/nightloom $(NIGHTLOOM)
	cp -r pipelines docs README.md CHANGELOG.md LICENSE dist/nightloom-$(VERSION)
	tar -C dist -czf $(TARBALL) nightloom-$(VERSION)
	rm -r dist/nightloom-$(VERSION)
	cp -r pipelines dist/nightloom.data/data/share/nightloom
	test -d $(TARGET)/maturin || python3 -m venv $(TARGET)/maturin
	$(TARGET)/maturin/bin/pip install --quiet 'maturin>=1.9,<2'
	$(TARGET)/maturin/bin/maturin build --release --locked --out dist
	rm -r dist/nightloom.data
	ls -l dist

dist-check: dist ## Install the wheel into a new environment and do the work of `make run` with it
	.ci/dist-check dist/*.whl

clean-checkpoints: build ## Remove checkpoints that the newest KEEP=3 runs did not use
	$(NIGHTLOOM) clean $(PIPELINE) --keep $(KEEP) $(ARGS)
