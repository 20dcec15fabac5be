#!/usr/bin/env bash
# Puts the newest clients below a folder, from a suite of Debian that is newer than this machine: `tests/newest.sh FOLDER`.
#
# FOLDER/bin/aws is the AWS CLI with its own Python and C library; FOLDER/bin/ask-go is tests/matrix/ask.go with the SDK
# for Go. Nothing is installed: an apt with lists, cache and status of its own downloads packages from the mirror that
# this machine's apt uses, and they are unpacked. Status 1 says that a client can't be had; the reason is on stderr.
set -euo pipefail

folder=$(mkdir -p "$1" && cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
suite=${SSO_TEST_DEBIAN:-forky}
mkdir -p "$folder/bin"

fail() {
    printf 'tests/newest.sh: %s\n' "$*" >&2
    exit 1
}

# The apt of our own; the machine's proxies and credentials stay, what its packages hook into apt doesn't.
private_apt() {
    apt-get --config-file="$folder/apt/apt.conf" --quiet=2 --no-install-recommends "$@"
}

prepare_apt() {
    local mirror keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    command -v apt-get dpkg-deb > /dev/null || fail "this isn't a Debian, and the newest clients come from one"
# The format is apt's, not the shell's.
# shellcheck disable=SC2016
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' 2> /dev/null | head -n 1 || true)
    [ -n "$mirror" ] || fail "this machine's apt knows no mirror of Debian; run: apt-get update"
    rm -rf "$folder/apt"
    mkdir -p "$folder/apt/lists/partial" "$folder/apt/cache/archives/partial"
    : > "$folder/apt/status"
    printf 'deb %s%s %s main\n' "$([ ! -e "$keyring" ] || printf '[signed-by=%s] ' "$keyring")" "$mirror" "$suite" > "$folder/apt/sources.list"
    cat > "$folder/apt/apt.conf" <<END
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear Acquire::IndexTargets::deb::DEP-11;
Dir::State::Lists "$folder/apt/lists";
Dir::State::status "$folder/apt/status";
Dir::State::extended_states "$folder/apt/extended_states";
Dir::Cache "$folder/apt/cache";
Dir::Etc::SourceList "$folder/apt/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
Acquire::Retries "0";
APT::Sandbox::User "root";
APT::Install-Suggests "false";
Debug::NoLocking "true";
END
    private_apt update || fail "the mirror has no suite $suite, or doesn't answer"
    [ -n "$(find "$folder/apt/lists" -name '*_InRelease' -size +0)" ] || fail "the mirror has no suite $suite, or doesn't answer"
}

# unpack PART: the downloaded packages become FOLDER/PART. Only what the programs need of the SDK: it is 600 MB.
unpack() {
    local package
    rm -rf "$folder/$1.part" && mkdir "$folder/$1.part"
    for package in "$folder"/apt/cache/archives/*.deb; do
        dpkg-deb --fsys-tarfile "$package" | tar --extract --directory "$folder/$1.part" --exclude='./usr/share/doc' \
            --exclude='*/aws-sdk-go-v2/service/[a-hj-rt-z]*'
    done
    rm -rf "${folder:?}/$1" && mv "$folder/$1.part" "$folder/$1"
    rm -f "$folder"/apt/cache/archives/*.deb
}

has_aws() { [ -x "$folder/bin/aws" ]; }

# The AWS CLI, run by its own loader: the machine's C library may be older than its Python wants.
make_aws() {
    private_apt install --yes --download-only awscli > /dev/null && unpack aws || return 1
    local root=$folder/aws loader libraries
    loader=$(find "$root/usr/lib64" "$root/usr/lib" -maxdepth 2 -name 'ld-linux-*.so.*' 2> /dev/null | head -n 1)
    libraries=$(find "$root/usr/lib" -maxdepth 1 -name '*-linux-gnu*' | head -n 1)
    cat > "$root/run" <<END
#!/bin/sh
exec '$loader' --library-path '$libraries' '$root/usr/bin/python3' -I '$root/usr/bin/aws' "\$@"
END
    chmod 755 "$root/run"
    [[ $("$root/run" --version 2>&1) == aws-cli/2.* ]] && mv "$root/run" "$folder/bin/aws"
}

# The program with the SDK for Go; by name, since what the packages recommend is half of Debian's Go.
make_ask_go() {
    local root=$folder/go go version
    go=$(find "$root/usr/lib" -maxdepth 3 -path '*/go-*/bin/go' 2> /dev/null | head -n 1 || true)
    if [ -z "$go" ]; then
        version=$(apt-cache --config-file="$folder/apt/apt.conf" depends golang-go | sed -n 's/.*Depends: \(golang-[0-9.]*\)-go$/\1/p' | head -n 1)
        [ -n "$version" ] || return 1
        (cd "$folder/apt/cache/archives" &&
            private_apt download "$version-src" "$version-go" golang-github-aws-aws-sdk-go-v2-dev golang-github-aws-smithy-go-dev) > /dev/null || return 1
        unpack go
        go=$(find "$root/usr/lib" -maxdepth 3 -path '*/go-*/bin/go' | head -n 1)
    fi
    env -u GOFLAGS GOROOT="${go%/bin/go}" GOPATH="$root/usr/share/gocode" GOCACHE="$folder/gocache" GO111MODULE=off GOTOOLCHAIN=local CGO_ENABLED=0 \
        "$go" build -o "$folder/bin/ask-go" "$here/matrix/ask.go"
}

has_ask_go() { [ -x "$folder/bin/ask-go" ] && [ ! "$here/matrix/ask.go" -nt "$folder/bin/ask-go" ]; }

if ! { has_aws && has_ask_go; }; then
    prepare_apt
    has_aws || make_aws || fail "the AWS CLI of suite $suite can't be had"
    has_ask_go || make_ask_go || fail "the SDK for Go of suite $suite can't be had"
    rm -rf "$folder/apt"
fi
