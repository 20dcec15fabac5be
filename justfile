# Recipes for the five tools. They work from a checkout (its built tools come first) and after `just install`.

set shell := ["bash", "-euo", "pipefail", "-c"]
set positional-arguments

target := env("CARGO_TARGET_DIR", justfile_directory() / "target")
prefix := env("PREFIX", home_directory() / ".local")
version := `sed -n '/^version = /{s/.*"\(.*\)"/\1/p;q}' Cargo.toml`

export PATH := target / "debug:" + target / "release:" + justfile_directory() / "scripts:" + env("PATH") + ":" + prefix / "bin"

# The recipes read the usual file, then `.env` beside this file. SSO_ENV_FILE names that `.env`, so its settings count as in the environment.
export SSO_ENV_FILE := env("SSO_ENV_FILE", home_directory() / ".backlog-toolkit-env:" + justfile_directory() / ".env")

# A command that a recipe starts gets the settings of the caller's folder, not those of this folder.
unnamed := if env("SSO_ENV_FILE", "/") == "/" { "unset SSO_ENV_FILE;" } else { "" }

# List the recipes
[private]
default:
    @{{ quote(just_executable()) }} --justfile {{ quote(justfile()) }} --list --unsorted

# Show the main job with real processes, without an AWS account
[group('try')]
demo: _first build
    @tests/demo.sh

# In a fresh clone: show four of the tools as soon as they are built
_first:
    @[ -e {{ quote(target / "debug/sso-login") }} ] || { echo 'The first build takes three to five minutes on two cores; the first output comes after one or two.' >&2; \
        cargo build --workspace --bin sso-signal --bin sso-lock --bin sso-cache --bin sso-profile --locked && tests/demo.sh first; }

# Show the watcher at work in a sandbox: expiry, signal, question, login, cleared
[group('try')]
demo-watch: build
    @tests/demo-watch.sh

# Draw docs/pictures/demo-watch.svg from a real run of the watcher
[group('develop')]
demo-picture: build
    tests/demo-watch.sh < /dev/null | docs/pictures/record.py 'The watcher at work' > docs/pictures/demo-watch.svg

# Open a shell in a sandbox: a private AWS SSO, its own HOME, three profiles
[group('try')]
sandbox *flags: _tools
    sso-login sandbox "$@" -- sh -c 'cd && exec "${SHELL:-bash}"'

# Check every profile, or one: renew sessions silently, and raise a signal for each profile that needs a login
[group('watcher')]
sso-monitor every="60s" profile="": _tools
    @exec sso-monitor "$@"

# Ask (or, in mode auto, log in) whenever a signal is due; a second watcher waits at most WAIT, then gives up
[group('watcher')]
sso-watch wait="0s" *flags: _tools
    @exec sso-watch "$@"

# Install watcher and monitor as services of this user with the settings of .env, or apply changed settings (--watcher-only)
[group('watcher')]
sso-install *flags: _tools
    @cd && PATH={{ quote(prefix / "bin") }}:"$PATH" sso-signal service install --text --monitor {{ quote(prefix / "bin/sso-monitor") }} "$@" -- {{ quote(prefix / "bin/sso-watch") }} 52w

# Stop the services and remove them; ~/.aws and the logs stay
[group('watcher')]
sso-uninstall: _tools
    @sso-signal service uninstall --text

# Stop the services and start them again
[group('watcher')]
sso-restart: _tools
    @sso-signal service restart --text

# Show what runs, the mode, the state of every session, and what to do next
[group('watcher')]
sso-status *flags="--text": _tools
    @sso-status ${1:+"$@"}

# Show the same as one document, for programs
[group('watcher')]
sso-status-json: _tools
    @sso-status | cat

# Request a login: the watcher asks or opens a browser, depending on the mode; in mode standalone, log in directly
[group('watcher')]
sso-login profile="": _tools
    @{{ if profile == "" { ":" } else { "sso-profile show " + quote(profile) + " > /dev/null" } }}
    @sso-signal request --text {{ quote(profile) }} && { sso-lock status watcher > /dev/null || printf 'no watcher runs: just sso-watch (or just sso-install) starts one; to log in now: sso-login %s| sso-signal settle\n' "${1:+$(printf '%q ' "$1")}" >&2; } \
        || { [ "$?" -eq 1 ] && sso-login {{ if profile == "" { "" } else { quote(profile) } }} < /dev/null | sso-signal settle | sso-signal log; }

# End the session of a profile (or --all), and ask for a new one
[group('watcher')]
sso-logout *who: _tools
    @sso-login logout "$@" < /dev/null | sso-signal request --text --reason "Somebody logged out" - || [ "$?" -eq 1 ]

# Show the last 50 lines of the watcher's logs
[group('watcher')]
sso-logs *flags: _tools
    @sso-signal service logs "$@"

# Show the watcher's logs as they come, until Ctrl-C
[group('watcher')]
sso-logs-follow: _tools
    @sso-signal service logs --follow

# Show what the watcher does, or set it: notify, auto or standalone
[group('watcher')]
sso-mode *mode: _tools
    @sso-signal mode --text "$@"

# Ask before a browser opens
[group('watcher')]
sso-mode-notify: _tools
    @sso-signal mode --text notify

# Open a browser as soon as a session has expired
[group('watcher')]
sso-mode-auto: _tools
    @sso-signal mode --text auto

# Let the watcher do nothing
[group('watcher')]
sso-mode-standalone: _tools
    @sso-signal mode --text standalone

# Remove signals, snoozes, the cooldown and a dead login's lock; sessions that are still expired raise signals again
[group('watcher')]
sso-clean: _tools
    sso-signal clear --all
    sso-lock break login || [ "$?" -ne 74 ]

# Start a command with credentials: just sso-exec [PROFILE] [flags of sso-login exec] -- ./start-services.sh
[group('sso')]
[no-cd]
[no-exit-message]
sso-exec *arguments: _tools
    @{{ unnamed }} exec sso-login exec --text --ask "$@"

# Log in with a URL and a code, on a host without a browser or an AWS CLI
[group('sso')]
sso-login-device *arguments: _tools
    sso-login --via device --no-browser "$@" | sso-signal settle

# Log in on a host without a browser, or in a container there: just sso-remote metta@metta1 softmax metta
[group('sso')]
sso-remote host profile container="" *ssh: _tools
    sso-login tunnel {{ quote(host) }} {{ quote(profile) }} {{ if container == "" { "" } else { "--container " + quote(container) } }} -- "${@:4}"

# Ask every host in a file about its sessions, N at once: just sso-fleet hosts.txt | sso-signal write --source sso-fleet
[group('sso')]
[no-cd]
sso-fleet hosts=(home_directory() / ".aws/sso-renewer/hosts") n="16" *ssh: _tools
    @sed 's/^[[:space:]]*//; s/[[:space:]]*\(#.*\)*$//; /^$/d' -- "$1" | tr '\n' '\0' | xargs -0 -P "$2" -I %HOST% sso-login inspect %HOST% -- "${@:3}"

# Write gauges of all sessions for the textfile collector of node_exporter: just sso-metrics /var/lib/node_exporter/sso.prom
[group('sso')]
[no-cd]
sso-metrics file: _tools
    @part=$(mktemp -- "$1.XXXXXX") && trap 'rm -f -- "$part"' EXIT && sso-profile list | sso-cache check --prometheus > "$part" && chmod 644 -- "$part" && mv -f -- "$part" "$1"

# List the profiles that need a login, one per line
[group('sso')]
sso-expired: _tools
    @sso-profile list | sso-cache check | sed -n '/"loginRequired":true/s/^{"profile":"\([^"]*\)".*/\1/p'

# Postpone the reminders of a profile and its whole session
[group('sso')]
sso-snooze profile duration="1h": _tools
    sso-signal snooze "$@"

# Store a key only if it works (set, unlock, get, relock); asks for every answer that you don't give
[group('keys')]
[no-exit-message]
sso-key-set key env vault *answers: _tools
    @sso-login key-set --text "$@"

# Show the state of all keys, or of those of one env
[group('keys')]
[no-exit-message]
sso-keys env="" *flags: _tools
    @case "$1" in -*) set -- "" "$@" ;; esac; sso-profile key list --text ${1:+--env="$1"} "${@:2}"

# Log in for all keys, or for those of one env: once for each expired session, never for a valid one
[group('keys')]
[no-exit-message]
sso-key-unlock env="" *flags: _tools
    @case "$1" in -*) set -- "" "$@" ;; esac; \
        sso-profile key sessions ${1:+--env="$1"} | SSO_LOGIN_VIA=aws sso-login - "${@:2}" | sso-signal settle | sso-signal log; \
        sso-profile key list --text --exit-status ${1:+--env="$1"}

# Log out of the sessions behind all keys, or those of one env; no reminders for them until the next login
[group('keys')]
[no-exit-message]
sso-key-relock env="": _tools
    @sso-profile key sessions ${1:+--env="$1"} | sso-signal quiet - | sso-login logout - --exit-status | sso-signal settle | sso-signal log
    @sso-profile key list --text ${1:+--env="$1"}

# Serve sign-in to web front ends and credentials to containers; a request that finds no session raises a signal (flags of sso-login serve)
[group('web')]
[no-cd]
[no-exit-message]
sso-serve *flags: _tools
    @sso-login serve "$@" | sso-signal write --source sso-serve

# Test that people can sign in: URL and code, then "success" or "Authorization timed out" (--url URL tests a running server)
[group('web')]
[no-cd]
[no-exit-message]
sso-auth-test *arguments: _tools
    @exec sso-auth-test "$@"

# Start the monitor and its example consumer in containers
[group('containers')]
containers-up: image
    "${CONTAINER_ENGINE:-$(command -v podman || command -v docker)}" compose --file docs/containers/compose.yaml up --detach

# Stop these containers
[group('containers')]
containers-down: _engine
    "${CONTAINER_ENGINE:-$(command -v podman || command -v docker)}" compose --file docs/containers/compose.yaml down

# Show the logs of these containers, until Ctrl-C
[group('containers')]
containers-logs: _engine
    "${CONTAINER_ENGINE:-$(command -v podman || command -v docker)}" compose --file docs/containers/compose.yaml logs --follow

# Build the five tools
[group('develop')]
build:
    @[ -e {{ quote(target / "debug/sso-signal") }} ] || echo 'The first build takes about five minutes on two cores; then it starts by itself.' >&2
    cargo build --workspace --bins --locked

# Check the licences, bans and sources of all dependencies against deny.toml
[group('develop')]
deny:
    @deny=$(packaging/tool cargo-deny) || { echo 'SKIPPED: licences, bans and sources of dependencies: cargo-deny cannot be had' | tee -a "${SSO_TEST_SKIPPED:-/dev/null}" >&2; exit 0; }; \
        "$deny" --locked --all-features check licenses bans sources

# Check that the tools compile for macOS; without a network this is skipped
[group('develop')]
macos:
    @tests/macos.sh

# Build every package into target/dist: tarballs, Debian packages, formula, Nix expression, bill of materials, sums
[group('package')]
package:
    packaging/all

# Build every package twice, in two folders, and compare the bytes
[group('package')]
package-twice:
    packaging/twice

# Build the container image sso-tools from scratch with the static tools, for this machine's architecture
[group('package')]
image: _engine
    packaging/image "$(packaging/build "$(uname -m | sed s/arm64/aarch64/)-unknown-linux-musl")" {{ quote(target / "dist-image") }}
    "${CONTAINER_ENGINE:-$(command -v podman || command -v docker)}" build --tag localhost/sso-tools:{{ version }} {{ quote(target / "dist-image") }}

# Compare the shipped build with an empty Rust program, the newest AWS CLI and others, and update the README's table
[group('develop')]
bench *before:
    tests/bench.sh "$@"

# Measure the server: 2,000 requests for credentials a second beside 60 pending polls
[group('develop')]
bench-serve:
    cargo build --release --workspace --bins --examples --locked
    {{ quote(target / "release/examples/bench") }} serve

# Inject faults into every command that changes something, for TIME, and write the tables of docs/reliability.md
[group('develop')]
torture time="10m" round="1": build
    SSO_TORTURE={{ quote(target / "torture") }} SSO_TORTURE_TIME={{ quote(time) }} SSO_TORTURE_SEED={{ quote(round) }} \
        tests/peers.sh cargo test --workspace --locked --test login -- --ignored --exact torture::torture --nocapture

# Use libFuzzer to look for bytes that break a reader, for SECONDS each; its findings go into the corpus
[group('develop')]
fuzz seconds="600" target="fuzz::":
    tests/fuzz.sh "$@"

# Run the linters and all tests, after installing the programs that the tests compare with
[group('develop')]
test: lint
    tests/peers.sh {{ quote(just_executable()) }} _tests

# Check format and lints
[group('develop')]
lint: _components
    cargo fmt --all --check && rustfmt --edition 2024 --check sso-*/src/commands/*.rs
    cargo clippy --workspace --all-targets --locked -- -D warnings
    if command -v shellcheck > /dev/null; then shellcheck tests/*.sh scripts/* .ci/run && shellcheck --external-sources packaging/facts $(grep -ls "^#!.*sh$" packaging/*); fi

# Build the five tools and install them with man pages, completions and scripts below PREFIX (~/.local)
[group('install')]
install:
    cargo build --release --workspace --bins --locked
    @bin={{ quote(prefix / "bin") }}; install -d "$bin" && install -m 755 {{ quote(target) }}/release/sso-{signal,lock,cache,profile,login} {{ quote(justfile_directory()) }}/scripts/sso-{watch,monitor,status,auth-test} "$bin" && for tool in signal lock cache profile login; do "$bin/sso-$tool" --generate {{ quote(prefix / "share") }}; done && install -m 644 {{ quote(justfile_directory()) }}/packaging/man/*.1 {{ quote(prefix / "share/man/man1") }}
    @case :{{ quote(env("PATH")) }}: in *:{{ quote(prefix / "bin") }}:*) ;; *) echo {{ quote(prefix / "bin is not on your PATH yet") }} ;; esac

# Remove everything that `just install` installed below PREFIX, and the services; ~/.aws stays as it is
[group('install')]
uninstall:
    @if command -v sso-signal > /dev/null; then sso-signal service uninstall --text || [ "$?" -eq 69 ]; fi
    rm -f {{ quote(prefix) }}/{bin/,share/bash-completion/completions/,share/zsh/site-functions/_}sso-{signal,lock,cache,profile,login} {{ quote(prefix) }}/bin/sso-{watch,monitor,status,auth-test}
    rm -f {{ quote(prefix) }}/share/{man/man1/sso-{signal,lock,cache,profile,login}{,-*}.1,man/man1/sso-{watch,monitor,status,auth-test}.1,fish/vendor_completions.d/sso-{signal,lock,cache,profile,login}.fish,powershell/sso-{signal,lock,cache,profile,login}.ps1}

# Find the tools, built here or installed; otherwise build them
_tools:
    @command -v sso-signal sso-lock sso-cache sso-profile sso-login > /dev/null || cargo build --workspace --bins --locked

# Run all tests; tests/peers.sh calls this once it has found the programs to compare with
_tests: deny macos
    cargo test --workspace --locked --no-fail-fast

# Install rustfmt and clippy, which rustup's minimal profile lacks
_components:
    @cargo fmt --version > /dev/null 2>&1 && cargo clippy --version > /dev/null 2>&1 || rustup component add rustfmt clippy

# Check that there is podman, docker, or the program in CONTAINER_ENGINE
_engine:
    @command -v "${CONTAINER_ENGINE:-podman}" docker > /dev/null || { echo 'neither podman nor docker is installed; name another in CONTAINER_ENGINE' >&2; exit 1; }
