#!/usr/bin/env bash
# Checks that every program compiles for macOS, from any machine: `tests/macos.sh`.
#
# launchd, osascript and flock are other code there, and no test of this machine compiles it. rustup brings the standard
# library of macOS; the two crates with C in them are compiled by `zig cc`, which has the system's headers with it and comes
# from PyPI into the target folder. What can't be had, without a network for example, is a named skip; what doesn't
# compile is a failure.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
triple=aarch64-apple-darwin
venv=$target/macos/venv
cc=$target/macos/cc
cd "$root"

# skip WHY
skip() {
    printf 'SKIPPED: whether the tools compile for macOS: %s\n' "$1" | tee -a "${SSO_TEST_SKIPPED:-/dev/null}" >&2
    exit 0
}

# again COMMAND…: tries three times; a registry that didn't answer once may the next time.
again() {
    "$@" || { sleep 3 && "$@"; } || { sleep 10 && "$@"; }
}

sysroot=$(rustc --print sysroot)
if [ ! -d "$sysroot/lib/rustlib/$triple" ]; then
    command -v rustup > /dev/null || skip "no standard library for $triple and no rustup to bring it"
    again rustup target add "$triple" >&2 || skip "rustup can't bring the standard library for $triple"
fi

if ! "$venv/bin/python" -m ziglang version > /dev/null 2>&1; then
    mkdir -p "$target/macos"
    python3 -m venv --clear "$venv" >&2 || skip "python3 makes no environment for zig"
    again "$venv/bin/pip" install --quiet --disable-pip-version-check ziglang >&2 || skip "PyPI doesn't bring ziglang"
fi

# Cargo's C compiler names the target in three ways, none of which zig knows.
cat > "$cc.new" <<END
#!/bin/sh
for argument do
    shift
    if [ -n "\${is_arch:-}" ]; then is_arch=; continue; fi
    case \$argument in
        --target=* | -mmacosx-version-min=*) ;;
        -arch) is_arch=1 ;;
        *) set -- "\$@" "\$argument" ;;
    esac
done
exec "\$SSO_TEST_ZIG" -m ziglang cc -target aarch64-macos "\$@"
END
chmod +x "$cc.new"
mv "$cc.new" "$cc"

export SSO_TEST_ZIG=$venv/bin/python CC_aarch64_apple_darwin=$cc
cargo check --workspace --bins --target "$triple" --locked
