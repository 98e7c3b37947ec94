# The commands of this repository; each prepares .venv first.
.DEFAULT_GOAL := help
.PHONY: help setup demo test prove check bench clean

BIN := .venv/bin

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-7s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## create .venv and install everything, only when something changed
	@sh tools/setup.sh

demo: setup ## the whole line on synthetic bars, into ./data/demo
	@$(BIN)/quantmill --home ./data/demo demo

test: setup ## all tests but the long proofs, on two processes
	@$(BIN)/python -m pytest -n 2

prove: setup ## the long proofs; their figures go to docs/proofs.md
	@$(BIN)/python -m pytest -m prove --timeout 3600 --proofs=docs/proofs.md tests

check: setup ## format, lint, types, layers, map
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports --no-cache
	$(BIN)/python tools/map.py --check

bench: setup ## measure; writes benchmarks/results/latest.json
	@$(BIN)/python -m benchmarks

clean: ## remove .venv, caches, build products and ./data/demo; other data stays
	rm -rf .venv build dist .cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis data/demo
	find src tests tools benchmarks -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
