# Two commands do everything: `make run` (the main job) and `make test`.

PREFIX ?= /usr/local
SPEC ?= experiments/degradation.json
BENCH = .build/release/bench
PACKAGES = libsqlite3-dev zlib1g-dev libpng-dev libturbojpeg0-dev libopenblas-dev libxsmm-dev gnuplot-nox fonts-dejavu-core
# The Swift runtime is linked in, so that the program runs where there is no toolchain.
SWIFT_FLAGS = -c release --static-swift-stdlib
# Tests see internals, so they are built apart, with optimisation.
TEST_FLAGS = -c release -Xswiftc -enable-testing --scratch-path .build-test

.PHONY: run test check lint build setup install clean

run: build
	$(BENCH) run $(SPEC)
	$(BENCH) report $(basename $(notdir $(SPEC))) --plot

build: setup
	swift build $(SWIFT_FLAGS) --product bench

test: setup
	swift build $(TEST_FLAGS) --build-tests
	swift test $(TEST_FLAGS) --skip-build

lint: setup
	swift format lint --strict --recursive Sources Tests Package.swift

check: lint test

# Copies one program; no file of this tree is needed to run it.
install: build
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(BENCH) $(DESTDIR)$(PREFIX)/bin/bench

# Installs what is missing; without the right to do so, prints the line that does.
setup:
	@command -v swift >/dev/null || { \
	  echo "bench needs a Swift 6.2 toolchain or later: see https://www.swift.org/install" >&2; \
	  exit 1; }
	@missing=""; for p in $(PACKAGES); do \
	  dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; \
	done; \
	test -z "$$missing" || { \
	  if [ "$$(id -u)" = 0 ]; then sudo=""; \
	  elif sudo -n true 2>/dev/null; then sudo="sudo"; \
	  else echo "Packages are missing. Run: sudo apt-get install$$missing" >&2; exit 1; fi; \
	  echo "Installing$$missing"; \
	  $$sudo apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -y -qq $$missing >/dev/null; }

clean:
	rm -rf .build .build-test
