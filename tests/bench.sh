#!/usr/bin/env bash
# Measures the tools as they are shipped against an empty Rust program, the newest AWS CLI and others of their kind:
# `tests/bench.sh [BEFORE]`, with the tools of another build in the folder BEFORE, if there are any.
#
# Prints all tables; the first two become the README's, between its marks. Others that can't be had are left out.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
target=${CARGO_TARGET_DIR:-$root/target}

cargo build --release --package sso-cache --examples --locked
case $(uname) in
    Linux) tools=$(packaging/build "$(uname -m)-unknown-linux-musl") ;;
    *)
        cargo build --release --workspace --bins --locked
        tools=$target/release
        ;;
esac

if [ -z "${SSO_TEST_AWS_NEWEST:-}" ] && tests/newest.sh "$target/newest" > /dev/null; then
    export SSO_TEST_AWS_NEWEST=$target/newest/bin/aws
fi
peers=$target/bench-peers
if [ ! -x "$peers/bin/yawsso" ]; then
    { python3 -m venv "$peers" && "$peers/bin/pip" install --quiet --disable-pip-version-check aws-sso-util aws2-wrap yawsso; } >&2 ||
        echo 'tests/bench.sh: PyPI gives neither aws-sso-util nor aws2-wrap nor yawsso' >&2
fi
export SSO_BENCH_PEERS=$peers/bin

report=$target/bench.md
"$target/release/examples/bench" "$tools" "$@" | tee "$report"

# The machine, the warm calls, the long pipe.
awk -v report="$report" '
    /^<!-- bench -->$/ {
        print
        while ((getline line < report) > 0) {
            if (line ~ /^\| `sso-login accounts`/) break
            if (line !~ /before: /) print line
        }
        skipping = 1
    }
    /^<!-- \/bench -->$/ { skipping = 0 }
    !skipping && !/^<!-- bench -->$/ { print }
' README.md > "$target/README.md"
cp "$target/README.md" README.md
