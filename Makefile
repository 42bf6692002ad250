# Two commands do everything: `make run` (the main job) and `make test`.

SHELL = /bin/bash
PREFIX ?= /usr/local
SPEC ?= experiments/degradation.json
BENCH ?= .build/release/bench
PACKAGES = libsqlite3-dev zlib1g-dev libpng-dev libjpeg-dev libtiff-dev libwebp-dev libturbojpeg0-dev libopenblas-dev libxsmm-dev gnuplot-nox fonts-dejavu-core
# The Swift runtime is linked in, so that the program runs where there is no toolchain.
SWIFT_FLAGS = -c release --static-swift-stdlib
# Python with what numbers of other programs are made and checked by.
FIXTURES_PYTHON = .build-fixtures/python/bin/python
# Tests see internals, so they are built apart, with optimisation.
TEST_FLAGS = -c release -Xswiftc -enable-testing --scratch-path .build-test

.PHONY: run test soak test-settings test-onnx test-cluster test-latex parity fuzz sanitize \
  sanitize-kernels sanitize-pictures sanitize-threads \
  schema snapshots fixtures fixtures-python check lint build setup install clean

run: build
	$(BENCH) run $(SPEC)
	$(BENCH) report $(basename $(notdir $(SPEC))) --plot

build: setup
	swift build $(SWIFT_FLAGS) --product bench

# What failed stands once more at the end: the lines between are thousands.
test: setup
	swift build $(TEST_FLAGS) --build-tests
	swift test $(TEST_FLAGS) --skip-build 2>&1 | tee .build-test/test.log; \
	  status=$${PIPESTATUS[0]}; [ $$status = 0 ] || grep -E '✘|↳|rror:|Fatal' .build-test/test.log; \
	  exit $$status

# The engine's and the nets' tests under every library, instruction set and kind of convolution.
# Instruction sets that this CPU lacks fall back to what it has.
test-settings: setup
	swift build $(TEST_FLAGS) --build-tests
	for setting in BENCH_GEMM=blas BENCH_ISA=avx2 BENCH_ISA=baseline BENCH_CONV=direct \
	  "BENCH_GEMM=blas BENCH_ISA=baseline BENCH_CONV=direct"; do \
	  echo "== $$setting"; \
	  env $$setting swift test $(TEST_FLAGS) --skip-build --filter 'EngineTests|NetworksTests' \
	    || exit 1; \
	done

# The errors reached against PyTorch's numbers, net by net.
parity: setup
	swift build $(TEST_FLAGS) --build-tests
	BENCH_SHOW_PARITY=1 swift test $(TEST_FLAGS) --skip-build --filter ParityTests | grep parity

# Networks as ONNX models, run by onnxruntime: their logits against the engine's.
test-onnx: setup $(FIXTURES_PYTHON)
	$(FIXTURES_PYTHON) -m pip install --quiet onnx==1.23.2 onnxruntime==1.32.0
	swift build $(TEST_FLAGS) --build-tests
	rm -rf .build-fixtures/onnx && mkdir -p .build-fixtures/onnx
	BENCH_ONNX_FOLDER=$(CURDIR)/.build-fixtures/onnx swift test $(TEST_FLAGS) --skip-build \
	  --filter ONNXTests
	$(FIXTURES_PYTHON) Tests/ExperimentsTests/Fixtures/check_onnx.py .build-fixtures/onnx

# Sweeps on a real SLURM of two nodes on this machine, which is installed where it is missing, started
# and stopped. CASES names some of those that `Tests/Cluster/run.sh --list` lists; BENCH another program.
test-cluster: $(if $(filter file,$(origin BENCH)),build)
	BENCH=$(abspath $(BENCH)) Tests/Cluster/run.sh $(CASES)

# Reports in LaTeX, compiled by TeX Live (Debian: texlive-latex-recommended, texlive-luatex).
test-latex: setup
	@command -v pdflatex >/dev/null && command -v lualatex >/dev/null || { \
	  echo "Run: sudo apt-get install texlive-latex-recommended texlive-luatex" >&2; exit 1; }
	swift build $(TEST_FLAGS) --build-tests
	rm -rf .build-fixtures/latex && mkdir -p .build-fixtures/latex/reports
	BENCH_LATEX_FOLDER=$(CURDIR)/.build-fixtures/latex/reports swift test $(TEST_FLAGS) \
	  --skip-build --filter LaTeXTests
	Tests/ReportsTests/Fixtures/check-latex.sh .build-fixtures/latex .build-fixtures/latex/reports \
	  Tests/BenchTests/Fixtures

sanitize: sanitize-kernels sanitize-pictures sanitize-threads

# The C kernels under the address and undefined-behaviour sanitizers.
SANITIZE_FLAGS = -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fuse-ld=lld
XSMM = $(wildcard /usr/include/libxsmm.h /usr/local/include/libxsmm.h)
sanitize-kernels: setup
	mkdir -p .build-test
	clang $(SANITIZE_FLAGS) $(if $(XSMM),-DBENCH_HAVE_LIBXSMM) -ISources/CKernels/include \
	  Sources/CKernels/*.c Tests/Sanitizers/kernels.c -o .build-test/sanitized-kernels \
	  $(if $(XSMM),-lxsmm -lxsmmnoblas) -lopenblas -lpthread -ldl -lm
	.build-test/sanitized-kernels

# The decoders of pictures likewise, on every kind of picture that the tests have, damaged.
sanitize-pictures: setup
	mkdir -p .build-test/pictures
	python3 -c 'import base64, json; [open(f".build-test/pictures/{n}", "wb").write(base64.b64decode(c["file"])) \
	  for n, c in enumerate(json.load(open("Tests/DatasetsTests/Fixtures/pictures.json"))["cases"]) \
	  if c["name"].split()[0] in ("jpeg", "png", "tiff", "webp")]'
	clang $(SANITIZE_FLAGS) -ISources/CPictures/include Sources/CPictures/*.c Tests/Sanitizers/pictures.c \
	  -o .build-test/sanitized-pictures -ljpeg -lpng -ltiff -lwebp -lwebpdemux
	.build-test/sanitized-pictures 1000 .build-test/pictures/*

# The tests of the engine and the runner under the thread sanitizer.
sanitize-threads: setup
	swift test -c release -Xswiftc -enable-testing --scratch-path .build-tsan --sanitize=thread \
	  --filter 'EngineTests|ExperimentsTests'

# 500 kills at random instants, and every kind of fault at every operation.
soak: setup
	swift build $(TEST_FLAGS) --build-tests
	BENCH_KILLS=500 BENCH_FAULTS=all swift test $(TEST_FLAGS) --skip-build \
	  --filter 'KillTests|CrashConsistencyTests'

# libFuzzer with the address sanitizer on every reader, FUZZ_SECONDS each. Leaks are not looked for:
# what Swift keeps in global constants seems to be lost to the sanitizer.
FUZZ_SECONDS ?= 60
FUZZ_READERS = spec records tar gzip array safetensors manifest picture table
fuzz: setup
	BENCH_FUZZ=1 swift build -c release -Xswiftc -enable-testing --scratch-path .build-fuzz \
	  --sanitize=fuzzer --sanitize=address --product fuzz
	@mkdir -p .build-fuzz/corpus/spec .build-fuzz/corpus/safetensors
	@cp experiments/*.json .build-fuzz/corpus/spec
	@mkdir -p .build-fuzz/corpus/picture
	@python3 -c 'import base64, json; [open(f".build-fuzz/corpus/picture/{n}", "wb").write(base64.b64decode(c["file"])) \
	  for n, c in enumerate(json.load(open("Tests/DatasetsTests/Fixtures/pictures.json"))["cases"])]'
	@cp Tests/ExperimentsTests/Fixtures/*.safetensors .build-fuzz/corpus/safetensors
	for reader in $(FUZZ_READERS); do \
	  echo "== $$reader"; mkdir -p .build-fuzz/corpus/$$reader; \
	  ASAN_OPTIONS=detect_leaks=0 SWIFT_BACKTRACE=enable=no BENCH_FUZZ_READER=$$reader \
	  .build-fuzz/release/fuzz -detect_leaks=0 \
	    -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 -malloc_limit_mb=256 \
	    -max_len=65536 -print_final_stats=1 -verbosity=0 \
	    -artifact_prefix=.build-fuzz/$$reader- .build-fuzz/corpus/$$reader || exit 1; \
	done

# Files that tests compare with, written by those tests. Each file that is written fails its test, so
# that recording is never taken for passing; any other failure fails the command.
record = swift build $(TEST_FLAGS) --build-tests && \
  { BENCH_RECORD_SNAPSHOTS=1 swift test $(TEST_FLAGS) --skip-build --no-parallel --filter '$(1)' \
    >.build-test/record.log 2>&1; \
  sed -n 's/^.*↳ \(recorded .*\); look.*/\1/p' .build-test/record.log; \
  grep -q 'Test run with' .build-test/record.log && \
  ! grep 'recorded an issue' .build-test/record.log | grep -v 'Issue recorded$$'; } && \
  git status --short -- Tests experiments

schema: setup
	@$(call record,SpecSchemaTests/theFileIsWhatTheGrammarGives)

snapshots: setup
	@$(call record,ReportsTests)

fixtures: setup
	@$(call record,makeSchemaFixture|PinnedResultsTests)

# PyTorch's and SciPy's numbers, computed anew in a Python environment of their own.
fixtures-python: $(FIXTURES_PYTHON)
	cd Tests/NetworksTests/Parity && $(CURDIR)/$(FIXTURES_PYTHON) generate.py
	$(FIXTURES_PYTHON) Tests/ExperimentsTests/Fixtures/make_weights.py fixtures
	$(FIXTURES_PYTHON) Tests/DatasetsTests/Fixtures/geometry.py
	$(FIXTURES_PYTHON) Tests/DatasetsTests/Fixtures/pictures.py
	$(FIXTURES_PYTHON) Tests/StatisticsTests/Fixtures/statistics.py >.build-fixtures/statistics.json
	mv .build-fixtures/statistics.json Tests/StatisticsTests/Fixtures/statistics.json
	@git status --short -- Tests

$(FIXTURES_PYTHON): Tests/fixtures-requirements.txt
	python3 -m venv .build-fixtures/python
	$(FIXTURES_PYTHON) -m pip install --quiet -r Tests/fixtures-requirements.txt
	@touch $(FIXTURES_PYTHON)

lint: setup
	swift format lint --strict --recursive Sources Tests Package.swift

check: lint test

# Copies one program, its manual page and what shells complete; no file of this tree is needed to run
# it.
SHARE = $(DESTDIR)$(PREFIX)/share
MANUAL = $(SHARE)/man/man1/bench.1
COMPLETIONS = bash:bash-completion/completions/bench zsh:zsh/site-functions/_bench \
  fish:fish/vendor_completions.d/bench.fish
install: build
	install -D -m 755 $(BENCH) $(DESTDIR)$(PREFIX)/bin/bench
	install -D -m 644 /dev/null $(MANUAL)
	$(BENCH) manual >$(MANUAL)
	for pair in $(COMPLETIONS); do \
	  file=$(SHARE)/$${pair#*:}; install -D -m 644 /dev/null $$file && \
	  $(BENCH) --generate-completion-script $${pair%%:*} >$$file || exit 1; \
	done

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
	rm -rf .build .build-test .build-tsan .build-fuzz .build-fixtures
