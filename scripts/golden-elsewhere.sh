#!/bin/sh
# Replays the golden logs on other machines: a 32-bit one, and aarch64 under qemu-user; and checks that the library compiles
# for Windows and macOS. The standard library is built from source, so no other toolchain is needed than a nightly with
# rust-src. One SKIPPED line where that is not there.
set -eu
cd "$(dirname "$0")/.."

skip() {
    echo "SKIPPED: golden logs on other machines: $1"
    exit 0
}

cargo +nightly --version >/dev/null 2>&1 || skip "no nightly Rust"
[ -d "$(rustc +nightly --print sysroot)/lib/rustlib/src/rust/library/std" ] || skip "the nightly Rust has no rust-src"

"$(dirname "$0")/packages.sh" gcc-multilib gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user

golden() {
    target=$1
    shift
    echo "golden logs on $target"
    env "$@" cargo +nightly test -Zbuild-std --target "$target" --test simulation golden
}

golden i686-unknown-linux-gnu
golden aarch64-unknown-linux-gnu \
    CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc \
    CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu"

for target in x86_64-pc-windows-gnu aarch64-apple-darwin; do
    echo "check for $target"
    cargo +nightly check -Zbuild-std --target "$target" --lib --no-default-features
done
