#!/bin/sh
# Replays the golden logs on other machines: a 32-bit one, and aarch64 under qemu-user; and checks that the library compiles
# for Windows and macOS. The standard library is built from source, so the toolchain needs no other target: a nightly with
# rust-src, or Debian's own compiler with its source. One SKIPPED line where there is neither.
set -eu
cd "$(dirname "$0")/.."

skip() {
    echo "SKIPPED: golden logs on other machines: $1"
    exit 0
}

packages() {
    "$(dirname "$0")/packages.sh" "$@"
}

if [ -d "$(rustc +nightly --print sysroot 2>/dev/null)/lib/rustlib/src/rust/library/std" ]; then
    build() { env "$@"; }
    CARGO="cargo +nightly"
else
    # Debian's security archive keeps a recent compiler for browsers. It is not the one on PATH.
    apt-cache show rust-web-src >/dev/null 2>&1 || skip "no nightly Rust with rust-src, and no package rust-web-src"
    packages rustc-web cargo-web rust-web-src
    need=$(sed -n 's/^rust-version = "1\.\([0-9]*\)"/\1/p' Cargo.toml)
    have=$(/usr/bin/rustc --version | sed 's/rustc 1\.\([0-9]*\).*/\1/')
    [ "$have" -ge "$need" ] || skip "no nightly Rust with rust-src, and Debian's is 1.$have"
    # A released compiler takes -Z only so.
    build() { env RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 "$@"; }
    CARGO=/usr/bin/cargo
fi

packages gcc-i686-linux-gnu libc6-dev-i386-cross libc6-i386 lib32gcc-s1 \
    gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user \
    binutils-mingw-w64-x86-64

# golden TARGET RUNNER FEATURES LOGS [NAME=VALUE ...]
golden() {
    target=$1 runner=$2 features=$3 logs=$4
    shift 4
    echo "golden logs on $target"
    # shellcheck disable=SC2086 # a command of two words, and options
    build "$@" $CARGO build -Zbuild-std --target "$target" --target-dir target/elsewhere --bin espat-sim $features
    count=0
    for log in $logs; do
        $runner "target/elsewhere/$target/debug/espat-sim" replay --no-dialogue "$log" >/dev/null ||
            { echo "FAIL: $log is another run on $target"; exit 1; }
        count=$((count + 1))
    done
    echo "$count golden logs are the same run on $target"
}

# The crate `mbedtls` does not compile for 32 bits, so there is no TLS there, and no log with any (`update` tries).
golden i686-unknown-linux-gnu "" --no-default-features "$(grep -Li tls tests/golden/*.espat-log | grep -v /update)" \
    CARGO_TARGET_I686_UNKNOWN_LINUX_GNU_LINKER=i686-linux-gnu-gcc \
    CC_i686_unknown_linux_gnu=i686-linux-gnu-gcc
golden aarch64-unknown-linux-gnu "qemu-aarch64 -L /usr/aarch64-linux-gnu" "" "$(ls tests/golden/*.espat-log)" \
    CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc \
    CC_aarch64_unknown_linux_gnu=aarch64-linux-gnu-gcc

for target in x86_64-pc-windows-gnu aarch64-apple-darwin; do
    echo "check for $target"
    # shellcheck disable=SC2086 # a command of two words
    build $CARGO check -Zbuild-std --target "$target" --target-dir target/elsewhere --lib --no-default-features
done
