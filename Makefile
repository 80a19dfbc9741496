# assay: build, run, test. Every target says what it needs; `make` alone lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
export CGO_ENABLED ?= 0

# How the program is built: without what only a debugger reads, a third of it, and without the page of gRPC, of which only types are used.
build := go build -trimpath -tags grpcnotrace -ldflags='-s -w'

# The Python that make bench runs pandas with.
python ?= python3

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

assay: $(shell find . -name '*.go' -not -path './node_modules/*') go.mod host.json $(wildcard functions/*/function.json shared/web/assets/* shared/web/assets/*/*) ## build the program
	$(build) -o assay .

node_modules: package-lock.json
	@echo "Installing Azurite, which stands in for Azure Storage (365 MB in node_modules, half a minute)"
	npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch node_modules

deps: node_modules ## install Azurite and the browser driver

# Of make run: the market is live, sim (made up, kept apart) or auto, which takes sim where no provider answers; azurite-flags are for
# Azurite, whose ports AzureWebJobsStorage has to name where they are not the usual ones.
MARKET ?= auto
data ?= .azurite
port ?= 7071
azurite-flags ?=

run: assay node_modules ## run everything on this machine: http://127.0.0.1:7071
	@exec ./assay local --market $(MARKET) --data $(data) --port $(port) -- $(azurite-flags)

func: assay ## put links beside host.json, so that plain `func start` works here
	./assay stage --in-place

# The program of this machine writes the folder that holds the program for Azure.
package: assay ## build/app: the folder that is zipped for Azure Functions
	CGO_ENABLED=0 GOOS=linux GOARCH=amd64 $(build) -o build/linux/assay .
	./assay stage --package --public-read=$${ASSAY_PUBLIC_READ:-false} --binary build/linux/assay build/app

release: ## build/release: the program for every system, with its modules (CycloneDX) and hashes
	@mkdir -p build/release
	for target in linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64; do \
		os=$${target%/*} arch=$${target#*/}; name=assay-$$os-$$arch; [ $$os = windows ] && name=$$name.exe; \
		CGO_ENABLED=0 GOOS=$$os GOARCH=$$arch $(build) -o build/release/$$name . && \
		(cd infra/check && go run . ../../build/release/$$name) >build/release/$$name.cdx.json || exit 1; \
	done
	cd build/release && sha256sum assay-* > SHA256SUMS

# What tests and the programs that they start print goes through a scan for keys, and comes out as go test alone would print it.
scanned := set -o pipefail;
scan := | (cd $(CURDIR) && go run ./tests/scan)

test: node_modules test-chart test-arm ## the whole suite, about eight minutes on two cores
	@[ -n "$$FUNC" ] || command -v func >/dev/null || [ -x ../shared/azure/func ] || echo "func is missing: nothing runs under the real Functions host; put Azure Functions Core Tools 4 on PATH or name func in FUNC"
	@[ -n "$$BICEP" ] || command -v bicep >/dev/null || [ -x ../shared/azure/bicep ] || echo "bicep is missing: nothing of infra/ is compiled; az bicep install, then put it on PATH or name it in BICEP"
	$(scanned) CGO_ENABLED=1 go test -json -race -timeout 15m ./tests ./handlers ./... $(scan) # the longest first: two packages are tested at once
	$(scanned) go test -json -vet=off -timeout 15m ./shared/history ./handlers $(scan) # every order of two writers, days of a market: ten times as long under the race detector

test-chart: ## only chart, image and compose.yaml, by Helm and the schemas of Kubernetes and KEDA, which come as Go modules
	@command -v buildah >/dev/null || echo "buildah is missing: the image is not built; apt-get install buildah"
	$(scanned) cd infra/check && go test -json -count=1 -vet=off -timeout 15m ./... $(scan) # go does not see what changes outside of a module; make check vets, and Helm with it

test-arm: ## only analysis and pictures, as built for arm64: the bytes of a picture are the same
	@if command -v qemu-aarch64 >/dev/null; then \
	  GOARCH=arm64 CGO_ENABLED=0 go test -vet=off -exec qemu-aarch64 ./shared/analysis ./shared/chart; \
	else echo "qemu-aarch64 is missing: nothing runs as built for arm64; apt-get install qemu-user"; fi

e2e-keda: node_modules ## the chart on a real Kubernetes with a real KEDA and real pods: needs root and containerd; compiles for a quarter of an hour once, then takes three minutes
	cd infra/e2e && go run .

test-func: node_modules ## only the tests under the real Functions host, which func or $$FUNC names
	go test -count=1 -run TestFunctionsHost -v ./tests

test-bicep: ## only the deployment: compiled by bicep, which PATH or $$BICEP names, and checked
	go test -count=1 -run 'TestBicep|TestDeployment' -v ./tests

test-page: node_modules ## only the page in a browser
	go test -count=1 -run TestPageInBrowser -v ./shared/web

test-year: node_modules ## what a year of eight instruments takes on disk; ASSAY_YEAR_TURNS=36 lives an eighth of a day
	go test -tags year -count=1 -run 'TestYear$$' -v -timeout 2h ./handlers

chart: ## have the Helm chart follow functions/ and host.json
	cd infra/check && go run . >../helm/functions.json.new
	mv infra/helm/functions.json.new infra/helm/functions.json

image: ## build the image for amd64 and arm64, into build/; needs buildah
	infra/image.sh amd64 arm64

bench: assay node_modules ## what is fast and how fast, beside InfluxDB where it is installed
	go test -tags bench -count=1 -run TestBars -v -timeout 20m ./tests
	go test -run '^$$' -bench . -benchmem ./shared/...
	@if [ -f ../shared/oracle/bench_pandas.py ] && $(python) -c 'import pandas, statsmodels' 2>/dev/null; then \
	  work=$$(mktemp -d); trap 'rm -r $$work' EXIT; go build -o $$work/beside ./shared/analysis/beside && \
	  $(python) ../shared/oracle/bench_pandas.py --work $$work --side go=$$work/beside >$$work/result && \
	  $(python) -c 'import json, sys; [print("%-42s %8.2f times as fast" % r) for r in json.load(open(sys.argv[1]))["side"]["speedup_vs_python"]["go"].items()]' $$work/result; \
	else echo "the analysis is not timed beside pandas: that needs ../shared/oracle, and python3 with pandas 1 and statsmodels"; fi

check: ## formatting and linters
	@test -z "$$(go tool gofumpt -l .)" || { echo "gofumpt would change:"; go tool gofumpt -l .; exit 1; }
	go vet ./... && (cd infra/check && go vet ./...) && cd infra/e2e && go vet . ./pause
	go tool staticcheck ./...
	go tool unparam ./...

.PHONY: help deps run func package release chart image e2e-keda test test-func test-bicep test-chart test-arm test-page test-year bench check
