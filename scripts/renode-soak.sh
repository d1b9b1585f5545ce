#!/bin/sh
# A world that two machines share in Renode, 20 times (or as often as the argument says): each run in a process of its own,
# every other one beside busy loops that take twice the processors of this machine. All must end with one digest.
set -eu
cd "$(dirname "$0")/.."
runs=${1:-20}

if ! command -v renode-test >/dev/null; then
    [ -z "${REQUIRE_RENODE:-}" ] || { echo "REQUIRE_RENODE is set, and renode-test is not on PATH"; exit 1; }
    echo "SKIPPED: $runs runs of two machines in one world: renode-test is not on PATH"
    exit 0
fi

loops=""
unload() {
    [ -z "$loops" ] || kill $loops 2>/dev/null || true
    loops=""
}
load() {
    for _ in $(seq $((2 * $(nproc)))); do
        while :; do :; done &
        loops="$loops $!"
    done
}
trap unload EXIT
trap 'exit 1' INT TERM

rm -rf build/robot-soak
first=""
for run in $(seq "$runs"); do
    out=$PWD/build/robot-soak/$run
    mkdir -p "$out"
    how="alone"
    if [ $((run % 2)) = 0 ]; then
        how="under load"
        load
    fi
    begun=$(date +%s)
    renode-test tests/renode/soak/world.robot -r "$out" --variable "DIGEST_FILE:$out/digest" >"$out/log" 2>&1 ||
        { cat "$out/log"; echo "FAIL: run $run, $how, did not pass"; exit 1; }
    took=$(($(date +%s) - begun))
    unload
    digest=$(cat "$out/digest")
    echo "run $run of $runs, $how: digest $digest, $took s"
    [ -n "$digest" ] || { echo "FAIL: run $run left no digest"; exit 1; }
    [ "$digest" = "${first:=$digest}" ] || { echo "FAIL: run $run has another digest than run 1, $first"; exit 1; }
done
echo "$runs runs of two machines in one world in Renode: one digest, $first"
