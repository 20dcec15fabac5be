# Recipes around five small tools. They work from a checkout (the built tools come first) and after `just install`.

set shell := ["bash", "-euo", "pipefail", "-c"]

target := env("CARGO_TARGET_DIR", justfile_directory() / "target")
prefix := env("PREFIX", home_directory() / ".local")

export PATH := target / "debug:" + target / "release:" + env("PATH") + ":" + prefix / "bin"

# List the recipes
[private]
default:
    @just --justfile "{{ justfile() }}" --list --unsorted

# Walk the main job with real processes and no AWS account
[group('try')]
demo: build
    @tests/demo.sh

# Open a shell in a sandbox: an AWS SSO of your own, a private HOME, three profiles
[group('try')]
sandbox *flags: _tools
    sso-login sandbox {{ flags }} -- "${SHELL:-bash}"

# Watch every profile and raise a signal for each that needs a login
[group('sso')]
sso-monitor every="60s": _tools
    sso-profile list | sso-cache check --every "{{ every }}" | sso-signal write --source sso-monitor

# Ask (or, in mode auto, log in) whenever a signal is due, and remember what was decided
[group('sso')]
sso-watch *flags: _tools
    while sso-signal wait | sso-login - {{ flags }} | sso-signal settle; do :; done

# Log in unless the session is valid or can be renewed, and clear the signals of that session
[group('sso')]
sso-login profile=env("AWS_PROFILE", "default") *flags: _tools
    sso-login "{{ profile }}" {{ flags }} | sso-signal settle

# Log in by a URL and a code, for a box without a browser or an AWS CLI
[group('sso')]
sso-login-device profile=env("AWS_PROFILE", "default"): _tools
    sso-login "{{ profile }}" --via device --no-browser | sso-signal settle

# Show profiles, cache files, signals and locks
[group('sso')]
sso-status: _tools
    @sso-profile list | sso-cache check --text; echo; sso-cache list --text; echo
    @sso-signal status --text; echo; sso-lock status --text || [ "$?" -eq 1 ]

# Name the profiles that need a person, one a line
[group('sso')]
sso-expired: _tools
    @sso-profile list | sso-cache check | sed -n '/"loginRequired":true/s/^{"profile":"\([^"]*\)".*/\1/p'

# Show or set what the watcher does: notify, auto or standalone
[group('sso')]
sso-mode *mode: _tools
    sso-signal mode {{ mode }}

# Postpone the reminders of a profile and its whole session
[group('sso')]
sso-snooze profile duration="1h": _tools
    sso-signal snooze "{{ profile }}" "{{ duration }}"

# Remove every signal, snooze and cooldown
[group('sso')]
sso-clean: _tools
    sso-signal clear --all

# Build the five tools
[group('develop')]
build:
    cargo build --workspace --bins --locked

# Measure whole processes against an empty Rust program and the AWS CLI
[group('develop')]
bench:
    cargo build --release --workspace --bins --examples --locked
    "{{ target }}/release/examples/bench"

# Install what the tests compare with, then lint and run all tests
[group('develop')]
test: lint
    tests/peers.sh cargo test --workspace --locked

# Check format and lints
[group('develop')]
lint: _components
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --locked -- -D warnings
    if command -v shellcheck > /dev/null; then shellcheck tests/*.sh .ci/run; fi

# Build the five tools for release and put them into PREFIX/bin (~/.local/bin)
[group('install')]
install:
    cargo build --release --workspace --bins --locked
    install -d "{{ prefix }}/bin"
    install -m 755 "{{ target }}"/release/sso-{signal,lock,cache,profile,login} "{{ prefix }}/bin"

# Remove the five tools from PREFIX/bin; ~/.aws stays as it is
[group('install')]
uninstall:
    rm -f "{{ prefix }}"/bin/sso-{signal,lock,cache,profile,login}

# The tools: built here, installed, or else built now
_tools:
    @command -v sso-signal sso-lock sso-cache sso-profile sso-login > /dev/null || cargo build --workspace --bins --locked

# rustup's minimal profile has neither rustfmt nor clippy
_components:
    @cargo fmt --version > /dev/null 2>&1 && cargo clippy --version > /dev/null 2>&1 || rustup component add rustfmt clippy
