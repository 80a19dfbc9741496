# assay: build, run, test. Every target says what it needs; `make` alone lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
export CGO_ENABLED ?= 0

azurite := node node_modules/azurite/dist/src/azurite.js

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

assay: $(shell find . -name '*.go' -not -path './node_modules/*') go.mod host.json $(wildcard functions/*/function.json shared/web/assets/* shared/web/assets/*/*) ## build the program
	go build -trimpath -o assay .

node_modules: package-lock.json
	@echo "Installing Azurite, which stands in for Azure Storage (365 MB in node_modules, half a minute)"
	npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch node_modules

deps: node_modules ## install Azurite and the browser driver

# Where make run keeps prices and listens; its storage answers on Azurite's usual ports unless azurite-flags says otherwise.
data ?= .azurite
port ?= 7071
azurite-flags ?=

run: assay node_modules ## run everything on this machine: http://127.0.0.1:7071
	@mkdir -p $(data); echo "Prices are kept in $(abspath $(data)); stop with Ctrl+C"
	@$(azurite) --location $(data) --silent --disableTelemetry --skipApiVersionCheck $(azurite-flags) >$(data)/log 2>&1 & azurite=$$!; \
	trap 'kill $$azurite 2>/dev/null; wait $$azurite 2>/dev/null' EXIT; \
	for _ in $$(seq 600); do \
	  kill -0 $$azurite 2>/dev/null || { echo "Azurite did not start; its last words, from $(data)/log:"; tail -n 3 $(data)/log; exit 1; }; \
	  grep -q 'Table service is successfully listening' $(data)/log && break; sleep 0.1; done; \
	./assay run --port $(port)

func: assay ## put links beside host.json, so that plain `func start` works here
	./assay stage --in-place

test: node_modules ## the whole suite, under ten minutes on two cores
	@[ -n "$$FUNC" ] || command -v func >/dev/null || [ -x ../shared/azure/func ] || echo "func is missing: nothing runs under the real Functions host; put Azure Functions Core Tools 4 on PATH or name func in FUNC"
	CGO_ENABLED=1 go test -race -timeout 15m ./...
	go test -timeout 15m ./shared/history # every order of two writers: ten times as long under the race detector

test-func: node_modules ## only the tests under the real Functions host, which func or $$FUNC names
	go test -count=1 -run TestFunctionsHost -v ./tests

test-page: node_modules ## only the page in a browser
	go test -count=1 -run TestPageInBrowser -v ./shared/web

test-year: node_modules ## what a year of eight instruments takes on disk; ASSAY_YEAR_TURNS=36 lives an eighth of a day
	go test -tags year -count=1 -run 'TestYear$$' -v -timeout 2h ./handlers

bench: assay node_modules ## what is fast and how fast, beside InfluxDB where it is installed
	go test -tags bench -count=1 -run TestBars -v -timeout 20m ./tests
	go test -run '^$$' -bench . -benchmem ./shared/...

check: ## formatting and linters
	@test -z "$$(go tool gofumpt -l .)" || { echo "gofumpt would change:"; go tool gofumpt -l .; exit 1; }
	go vet ./...
	go tool staticcheck ./...
	go tool unparam ./...

.PHONY: help deps run func test test-func test-page test-year bench check
