# espat-sim. The two commands to begin with:
#   make demo    firmware in QEMU talks through the module (installs what it lacks, builds, runs)
#   make test    everything that must hold
# Others: make build, docs, wheel, archive, bench, soak, fuzz FUZZ_SECONDS=60, install PREFIX=/usr/local, clean.
# With REQUIRE_RENODE=1, make test fails where there is no Renode instead of skipping what needs it.

CARGO  ?= cargo
PREFIX ?= /usr/local
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
LIBRARY := libespat_sim.$(if $(filter Darwin,$(shell uname -s)),dylib,so)
FUZZ_SECONDS ?= 60
BOARD  ?= mps2-an385

# cmake, a C compiler and libclang: mbedTLS (the cargo feature `tls`).
BUILD_PACKAGES := cmake gcc libc6-dev libclang-dev
QEMU_PACKAGES := qemu-system-arm gcc-arm-none-eabi libnewlib-arm-none-eabi
TEST_PACKAGES := $(QEMU_PACKAGES) tshark openssl curl mosquitto mosquitto-clients valgrind gdb-multiarch gcc g++ pkg-config mono-mcs mono-runtime python3-serial python3-venv

.PHONY: build demo test bench install clean firmware toolchain packages-build packages-demo packages-test \
	lint unit same-digest golden-elsewhere wheel python drivers renode fuzz soak skipped archive docs

build: toolchain packages-build
	$(CARGO) build --release

# An older compiler gets one sentence instead of a page of errors.
toolchain:
	@command -v $(CARGO) >/dev/null || { echo "Rust is missing: see https://rustup.rs"; exit 1; }
	@have=$$(rustc --version | sed 's/rustc 1\.\([0-9]*\).*/\1/'); \
	need=$$(sed -n 's/^rust-version = "1\.\([0-9]*\)"/\1/p' Cargo.toml); \
	[ "$$have" -ge "$$need" ] || { echo "espat-sim needs Rust 1.$$need or later, this is 1.$$have: run 'rustup update'"; exit 1; }

packages-build:
	@scripts/packages.sh $(BUILD_PACKAGES)

packages-demo:
	@scripts/packages.sh $(QEMU_PACKAGES)

packages-test:
	@scripts/packages.sh $(TEST_PACKAGES)

firmware:
	@$(MAKE) --no-print-directory -s -C tests/firmware

demo: packages-demo build firmware
	@target/release/espat-sim qemu --console 0 --capture demo.pcapng -- \
		qemu-system-arm -M $(BOARD) -display none -nodefaults -nic none \
		-semihosting-config enable=on,target=native -kernel build/firmware/$(BOARD).elf

test: packages-test build firmware lint unit same-digest drivers renode
	@$(MAKE) --no-print-directory skipped

# What `make test` leaves out on this machine, a line for each, at the end.
RENODE := $(shell command -v renode-test)
ROBOT := $(wildcard tests/renode/*.robot)
DOCUMENTED = $$(cat README.md renode/README.md renode/docs/*.md | grep -cE '^```(robot|repl|resc) ')
skipped:
	@[ -n "$(RENODE)" ] || echo "SKIPPED: $(words $(ROBOT)) Robot suites: renode-test is not on PATH"
	@[ -n "$(RENODE)" ] || echo "SKIPPED: $(DOCUMENTED) examples of the documentation that need Renode: renode-test is not on PATH"
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || \
		echo "SKIPPED: the page of espat-sim report in a browser: chromium is not on PATH"
	@command -v qemu-system-riscv32 >/dev/null && [ -f build/firmware/riscv-virt.elf ] || \
		echo "SKIPPED: firmware on RISC-V: apt install qemu-system-misc gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf"
	@echo "SKIPPED: golden logs on i686 and aarch64: make golden-elsewhere runs them"
	@echo "SKIPPED: twenty runs instead of three, a thousand modules, an hour of fuzzing: make soak runs them"

lint: toolchain packages-build
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets -- -D warnings
	$(CARGO) clippy --no-default-features -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --no-deps --quiet

# One more than there are processors: what tests start, they often wait for.
TEST_THREADS = $$(($$(getconf _NPROCESSORS_ONLN) + 1))

# Unit, integration and documentation tests; the C programs, QEMU and tshark are driven from tests/programs.
# The library's own tests take seconds, and the optimiser four minutes of a processor for them: they go without.
unit: build firmware build/python/installed
	$(CARGO) test --lib --config 'profile.dev.package.espat-sim.opt-level=0'
	REQUIRE_RENODE=$(REQUIRE_RENODE) RUST_TEST_THREADS=$(TEST_THREADS) $(CARGO) test --test '*'
	$(CARGO) test --doc

# The optimiser must not change what happens. The debug build is that of the tests: without them cargo would resolve
# other features, and build the library and half of what it stands on once more.
same-digest: build unit
	@mkdir -p build
	@for seed in 1 2 3; do \
		for profile in debug release; do \
			target/$$profile/espat-sim demo --seed $$seed --capture build/$$profile.pcapng >build/$$profile.txt || exit 1; \
			sed -i '/^capture /d' build/$$profile.txt; \
		done; \
		cmp build/debug.txt build/release.txt && cmp build/debug.pcapng build/release.pcapng || \
			{ echo "FAIL: seed $$seed: debug and release builds differ"; exit 1; }; \
	done
	@for log in tests/golden/tls*.espat-log; do \
		target/release/espat-sim replay $$log >/dev/null || { echo "FAIL: the release build replays $$log otherwise"; exit 1; }; \
	done
	@echo "The same dialogue, capture and digest from debug and release builds."

# The golden logs on other machines, where the toolchain can build for them.
golden-elsewhere: toolchain
	@scripts/golden-elsewhere.sh

# The wheel for Python: library, command and pytest plugin (docs/python.md). It compiles nothing.
wheel: build build/python/installed
	@rm -rf build/wheel python/build
	@build/python/bin/pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir build/wheel ./python
	@rm -rf python/build python/src/*.egg-info
	@ls build/wheel/*.whl

# A virtual environment with what builds and tests the wheel, and Adafruit's driver as PyPI has it (docs/drivers.md).
REQUIREMENTS := python/requirements.txt examples/pytest/requirements.txt tests/drivers/adafruit/requirements.txt \
	tests/programs/requirements.txt
build/python/installed: $(REQUIREMENTS)
	rm -rf build/python
	python3 -m venv build/python
	build/python/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes $(addprefix --requirement ,$^)
	@touch $@

# The wheel as a user has it: the package's own tests, the examples, Adafruit's driver, the README's way from nothing.
python: wheel firmware
	@build/python/bin/pip install --quiet --disable-pip-version-check --no-index --no-deps --force-reinstall build/wheel/*.whl
	@cd python && ../build/python/bin/python -m pytest -q tests
	@build/python/bin/python examples/python/hello.py >build/hello.txt && grep -q 'WIFI DISCONNECT' build/hello.txt

drivers: python
	@cd tests/drivers/adafruit && ../../../build/python/bin/python -m unittest

# The documentation as a site, in build/docs/html, and that of the Rust library.
MDBOOK = $$(command -v mdbook || echo build/tools/bin/mdbook)
docs: toolchain packages-build
	@command -v mdbook >/dev/null || [ -x build/tools/bin/mdbook ] || \
		$(CARGO) install mdbook --version 0.5.4 --locked --no-default-features --features search --root build/tools
	@python3 scripts/book.py stage build/docs
	@$(MDBOOK) build build/docs
	@python3 scripts/book.py check build/docs
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --no-deps

# What needs Renode runs where Renode is; tests/programs/renode_docs.rs does the same with the blocks of the documentation.
renode: build firmware
	@if [ -n "$(RENODE)" ]; then renode-test $(ROBOT) -r build/robot; else \
		[ -z "$(REQUIRE_RENODE)" ] || { echo "REQUIRE_RENODE is set, and renode-test is not on PATH"; exit 1; }; fi

# The full numbers: every run that make test repeats three times, twenty times; a thousand modules; two machines in Renode;
# golden logs on other machines; an hour of fuzzing. Once for each larger change.
soak: packages-test build firmware
	ESPAT_SOAK=1 $(CARGO) test --test programs
	ESPAT_SOAK=1 $(CARGO) test --test simulation -- several_modules many_modules tls_streams a_changed_byte clients:: explore::
	$(CARGO) test --no-default-features --lib
	$(CARGO) test --no-default-features --test simulation -- without_tls contract
	@REQUIRE_RENODE=$(REQUIRE_RENODE) scripts/renode-soak.sh 20
	@$(MAKE) --no-print-directory golden-elsewhere
	@$(MAKE) --no-print-directory fuzz FUZZ_SECONDS=3600

# Sessions of a host and a test, and raw bytes of peers, mutated: CONTRIBUTING.md says what must hold, and what to do with a
# finding. Sessions have half of the time. Without a nightly Rust the stable one is told to take the options of one.
FUZZ_RAW := tls mqtt http websocket
FUZZ_CARGO = $$($(CARGO) +nightly --version >/dev/null 2>&1 && echo $(CARGO) +nightly || echo env RUSTC_BOOTSTRAP=1 $(CARGO))
# Inputs may be long from the beginning: left to itself the fuzzer lets them grow once nothing new comes, and with some ten
# worlds a second something always does.
FUZZ_OPTIONS := -len_control=0 -timeout=60 -rss_limit_mb=4096
fuzz: toolchain packages-build
	@$(CARGO) fuzz --version >/dev/null 2>&1 || \
		{ echo "make fuzz needs cargo-fuzz: run 'cargo install cargo-fuzz'"; exit 1; }
	ESPAT_WRITE_SEEDS=1 $(CARGO) test --quiet --test simulation fuzz_seeds
	@mkdir -p fuzz/corpus/session
	@for target in $(FUZZ_RAW); do \
		$(FUZZ_CARGO) fuzz run --sanitizer none $$target -- \
			-max_total_time=$$(($(FUZZ_SECONDS) / 8)) -max_len=8192 $(FUZZ_OPTIONS) || exit 1; \
	done
	$(FUZZ_CARGO) fuzz run --sanitizer none session fuzz/corpus/session fuzz/corpus/transcripts -- \
		-dict=fuzz/dictionary -max_total_time=$$(($(FUZZ_SECONDS) / 2)) -max_len=16384 $(FUZZ_OPTIONS)

bench: build
	$(CARGO) bench

install: build
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/pkgconfig $(DESTDIR)$(PREFIX)/include
	install -m 755 target/release/espat-sim $(DESTDIR)$(PREFIX)/bin/
	install -m 755 target/release/$(LIBRARY) $(DESTDIR)$(PREFIX)/lib/
	install -m 644 include/espat_sim.h $(DESTDIR)$(PREFIX)/include/
	target/release/espat-sim man $(DESTDIR)$(PREFIX)/share/man/man1
	install -d $(addprefix $(DESTDIR)$(PREFIX)/share/,bash-completion/completions zsh/site-functions fish/vendor_completions.d)
	target/release/espat-sim completions bash >$(DESTDIR)$(PREFIX)/share/bash-completion/completions/espat-sim
	target/release/espat-sim completions zsh >$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_espat-sim
	target/release/espat-sim completions fish >$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/espat-sim.fish
	sed 's|@VERSION@|$(VERSION)|' espat-sim.pc.in >$(DESTDIR)$(PREFIX)/lib/pkgconfig/espat-sim.pc
	for dir in renode platforms scenarios wireshark docs; do \
		[ ! -d $$dir ] || { install -d $(DESTDIR)$(PREFIX)/share/espat-sim/$$dir && \
			cp -r $$dir/. $(DESTDIR)$(PREFIX)/share/espat-sim/$$dir/; }; \
	done

# What a release has for one system: what make install puts there, wherever it is unpacked.
ARCHIVE = espat-sim-$(VERSION)-$$(rustc -vV | sed -n 's/^host: //p')
archive: build
	@rm -rf build/archive
	@$(MAKE) --no-print-directory -s install DESTDIR=build/archive PREFIX=/$(ARCHIVE)
	@cp README.md CHANGELOG.md LICENSE build/archive/$(ARCHIVE)/
	@tar -czf build/archive/$(ARCHIVE).tar.gz -C build/archive $(ARCHIVE)
	@ls build/archive/*.tar.gz

clean:
	$(CARGO) clean
	rm -rf build demo.pcapng
