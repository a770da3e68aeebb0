# earshot: `make run` starts it, `make test` checks it.

MODELS  ?= models
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
GO      ?= go
FUZZ    ?= 10s

.PHONY: build dist deb addon packages models run test check simd web integration unit fuzz needs lab screenshots drills bench clean

build:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/earshot ./cmd/earshot

# Programs for amd64, arm64 and armv7, with checksums and a list of what is in them.
dist:
	scripts/dist.sh $(VERSION)

# Debian packages of these programs.
deb: dist
	scripts/deb.sh $(VERSION)

# The add-on of Home Assistant with its sources, for a machine that does not get it from the store.
addon:
	scripts/addon.sh

# Each way to install, tried: as root, in some ten minutes, without a container engine and without changing this machine. See scripts/try/packages.py.
packages: dist
	python3 scripts/try/packages.py

models:
	python3 scripts/models.py $(MODELS)

# config.yaml is used when it is there; without it everything is embedded and the data lies in ./data.
run: build models
	bin/earshot run --print-token $(if $(wildcard config.yaml),--config config.yaml)

test: needs build models check simd web integration unit fuzz

check:
	$(GO) vet ./...
	$(GO) tool staticcheck ./...

# The program whose network computes with vectors, by a Go that has this experiment: it builds, and makes the same embeddings. See bench/README.md.
simd: models
	if GOEXPERIMENT=simd $(GO) version; then export GOEXPERIMENT=simd CGO_ENABLED=0; $(GO) build -o /dev/null ./cmd/earshot && \
		$(GO) vet ./detector/openwakeword && $(GO) test ./detector/openwakeword; fi

# The page lies in web/dist, and the card in custom_components/earshot/frontend: whoever changes web/src runs this, and commits all of it.
web: web/node_modules
	cd web && npm run build && npm test
	git diff --exit-code --stat -- web/dist custom_components/earshot/frontend

web/node_modules: web/package-lock.json
	cd web && npm ci --ignore-scripts --no-audit --no-fund
	touch $@

# The Home Assistant integration, in the real Home Assistant with a bridge that is not real; e2e has the real one. Without .lab it is skipped,
# except in CI.
integration:
	scripts/lab/integration.sh || { [ ! -d .lab/ha-2026.11.0 ] && [ "$$CI" != true ]; }

# The race detector needs cgo (gcc); the program itself is built without. The checks of pointers that come with it are left out of SQLite, which is C translated
# to Go: they took a quarter of its time.
unit: web/node_modules
	CGO_ENABLED=1 $(GO) test -race -gcflags=modernc.org/...=-d=checkptr=0 -shuffle=on -timeout 50m ./...

# Every fuzz target of every package, one after the other.
fuzz:
	scripts/fuzz.sh $(FUZZ)

# What may happen to a box in years, at its full length, which takes hours; `make test` has the short form. See docs/reliability.md.
drills: models
	$(GO) test ./e2e ./history -run 'TestDrill' -drill -count=1 -v -timeout 12h

# Packages for the tests, and the real Home Assistant; without the latter its tests are skipped, except in CI.
needs:
	scripts/needs.sh
	scripts/lab/setup.sh || [ "$$CI" != true ]

# Home Assistant with a bridge and a microphone that plays commands, until Ctrl-C; HA=2025.4.4 takes the oldest version.
lab: models
	scripts/lab/setup.sh
	$(GO) run ./e2e/lab/labrun $(if $(HA),-version $(HA))

# Pictures of the page's main states, and of the card and the panel in Home Assistant, in ./screenshots.
screenshots: models web/node_modules
	EARSHOT_SHOTS=$(CURDIR)/screenshots $(GO) test ./e2e -run 'TestPage$$|TestDashboard' -count=1 -v

# All figures of docs/benchmarks.md, on a machine that has nothing else to do: half an hour. LVA=FOLDER has linux-voice-assistant, see bench/process.py.
bench: build models
	$(GO) test -run '^$$' -bench . -skip Million -benchmem ./...
	python3 bench/wake_cpu.py
	python3 bench/oww_cpu.py
	python3 bench/process.py $(if $(LVA),--lva $(LVA))
	$(GO) run ./bench/rooms -program bin/earshot
	$(GO) run ./bench/latency
	bench/history.sh

clean:
	rm -rf bin dist
