#!/bin/sh
# Puts a release into a directory: bin, lib, include, share. The archive is compared with the release's list of checksums.
#   install-release.sh RELEASES VERSION DIRECTORY
# RELEASES is where the releases are: each in a folder of its version. What is there already is left alone.
set -eu
[ $# -eq 3 ] || { echo "usage: install-release.sh RELEASES VERSION DIRECTORY" >&2; exit 2; }
releases=$1 version=$2 directory=$3
[ ! -x "$directory/bin/espat-sim" ] || exit 0

case $(uname -sm) in
    "Linux x86_64") target=x86_64-unknown-linux-gnu ;;
    "Linux aarch64") target=aarch64-unknown-linux-gnu ;;
    "Darwin arm64") target=aarch64-apple-darwin ;;
    *) echo "install-release.sh: there is no release for $(uname -sm): build it with 'make build'" >&2; exit 1 ;;
esac
name=espat-sim-${version#v}-$target.tar.gz

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for file in "$name" SHA256SUMS; do
    curl --fail --silent --show-error --location --output "$folder/$file" "$releases/$version/$file" ||
        { echo "install-release.sh: there is no $file in release $version" >&2; exit 1; }
done
sums=sha256sum
command -v sha256sum >/dev/null || sums="shasum -a 256"
(cd "$folder" && grep "  $name\$" SHA256SUMS | $sums -c - >/dev/null) ||
    { echo "install-release.sh: $name is not what the release's SHA256SUMS names" >&2; exit 1; }
mkdir -p "$directory"
tar -xzf "$folder/$name" -C "$directory" --strip-components 1
