#!/usr/bin/env bash
# Runs every fuzz target by libFuzzer: `tests/fuzz.sh [SECONDS [TARGET]]`.
#
# The targets are tests named `fuzz::…` in the crates; the bytes that reach new code go into their corpus, what fails into
# `crashes` beside it, and each run of the tests tries both again.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
seconds=${1:-600} only=${2:-fuzz::}
bolero=$(packaging/tool cargo-bolero)
built=${CARGO_TARGET_DIR:-$root/target}/fuzz
# libFuzzer's instrumentation is an unstable flag of a stable compiler.
export RUSTC_BOOTSTRAP=1

# bolero can't be told to build the library alone, and a tool can't be linked with calls of a fuzzer that it doesn't have.
cargo=$(type -P cargo)
shim=$(mktemp -d)
trap 'rm -rf "$shim"' EXIT
# shellcheck disable=SC2016
printf '#!/bin/sh\nif [ "$1" = test ]; then shift; set -- test --lib "$@"; fi\nexec %q "$@"\n' "$cargo" > "$shim/cargo"
chmod +x "$shim/cargo"
PATH=$shim:$PATH

failed=()
for file in lib/sso-tool/src/fuzz.rs sso-{signal,cache,profile,login}/src/fuzz.rs; do
    crate=${file%/src/fuzz.rs}
    while read -r name; do
        target=fuzz::$name
        [[ $target == *"$only"* ]] || continue
        printf '%s %s: %s s\n' "$(basename "$crate")" "$target" "$seconds" >&2
        "$bolero" bolero test --package "$(basename "$crate")" --engine libfuzzer --sanitizer NONE --target-dir "$built" -T "${seconds}s" "$target" ||
            failed+=("$crate $target")
    done < <(sed -n '/^#\[test\]$/{n;s/^fn \([a-z_]*\)().*/\1/p;}' "$file")
done
[ "${#failed[@]}" -eq 0 ] || { printf 'failed: %s\n' "${failed[@]}" >&2; exit 1; }
