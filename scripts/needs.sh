#!/bin/sh
# Installs what a task needs and this machine lacks, from Debian's packages:
#
#   scripts/needs.sh build|fetch|lint|run|test|torture|bench
#
# Nothing is asked and nothing happens when all of it is there. Rust itself is not installed, only looked for.
set -eu

say() { printf 'needs: %s\n' "$*" >&2; }
has() { command -v "$1" >/dev/null 2>&1; }

# want COMMAND PACKAGE: notes the package unless the command is there.
packages=
want() { has "$1" || packages="$packages $2"; }

want_build() {
    want cc gcc
    # gcc alone comes without the C library's headers, which SQLite is compiled with.
    [ -e /usr/include/stdio.h ] || packages="$packages libc6-dev"
}

want_fetch() {
    want python3 python3
    python3 -m pip --version >/dev/null 2>&1 || packages="$packages python3-pip"
}

want_lint() {
    want_build
    want git git
}

want_run() {
    want_build
    want ffmpeg ffmpeg
    want ffprobe ffmpeg
}

want_test() {
    want_run
    want python3 python3
    want curl curl
    # A player of the library that was not written for it.
    want mpv mpv
    # For the tests of the page.
    want chromium chromium
}

want_torture() {
    want_test
    want strace strace
    want faketime faketime
}

want_bench() {
    want_test
    want iperf3 iperf3
    want socat socat
    want HandBrakeCLI handbrake-cli
    # Beside the door for HTTP; it starts none by itself here.
    want nginx nginx-light
    want redis-server redis-server
    # Puts the two sides of a measurement on different cores.
    want taskset util-linux
}

check_cargo() {
    root=$(cd "$(dirname "$0")/.." && pwd)
    least=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' "$root/Cargo.toml")
    if ! has cargo; then
        say "cargo is missing: install Rust $least or newer from https://rustup.rs, then run this again"
        exit 1
    fi
    have=$(cargo --version | cut -d ' ' -f 2)
    first=$(printf '%s\n%s\n' "$least" "$have" | sort -V | head -n 1)
    if [ "$first" != "$least" ]; then
        say "cargo $have is too old: Rust $least or newer is needed (rustup update, or https://rustup.rs)"
        exit 1
    fi
}

# Parts of Rust that a small installation leaves out.
check_components() {
    cargo fmt --version >/dev/null 2>&1 && cargo clippy --version >/dev/null 2>&1 && return
    if ! has rustup; then
        say "rustfmt or clippy is missing: install the packages that belong to this cargo"
        exit 1
    fi
    say "installing: rustfmt clippy"
    rustup component add rustfmt clippy
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif [ -t 0 ]; then
        sudo "$@"
    else
        # Nobody is there who could type a password.
        sudo -n "$@"
    fi
}

apt_get() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -q "$@"; }

install_missing() {
    # shellcheck disable=SC2046,SC2086 # package names, which have no blanks
    set -- $(printf '%s\n' $packages | sort -u)
    [ $# -gt 0 ] || return 0
    if ! has apt-get; then
        say "these programs are missing, and there is no apt-get here; install them by hand: $*"
        exit 1
    fi
    if [ "$(id -u)" != 0 ] && ! has sudo; then
        say "missing: $*; neither root nor sudo, so run this as root: apt-get install $*"
        exit 1
    fi
    say "installing: $*"
    # Lists of packages that are missing or old are fetched, others are not.
    if ! apt_get install -y --no-install-recommends "$@"; then
        apt_get update
        apt_get install -y --no-install-recommends "$@" || {
            say "apt-get could not install: $*"
            exit 1
        }
    fi
}

case ${1-} in
    build) want_build ;;
    fetch) want_fetch ;;
    lint) want_lint ;;
    run) want_run ;;
    test) want_test ;;
    torture) want_torture ;;
    bench) want_bench ;;
    *)
        say 'usage: scripts/needs.sh build|fetch|lint|run|test|torture|bench'
        exit 2
        ;;
esac
check_cargo
[ "$1" != lint ] || check_components
install_missing
