#!/bin/sh
# The page in web/, which the server embeds:
#
#   scripts/web.sh build     web/dist, when anything of it has changed
#   scripts/web.sh test      its own tests, without a browser
#   scripts/web.sh conform   its encryption with that of the terminal, which cargo has built
#   scripts/web.sh e2e       the page in a browser, against the program that cargo has built
#   scripts/web.sh watch PORT ROUNDS NAME=URL ...   how soon hls.js shows a title in a browser
#
# The page is an addition: where it cannot be built this says why and succeeds, and the server shows a small plain page
# instead. With CI=1 that is a failure.
set -eu

cd "$(dirname "$0")/.."
# Where cargo builds to, also for whoever asks from another directory.
CARGO_TARGET_DIR=$(mkdir -p "${CARGO_TARGET_DIR:-target}" && cd "${CARGO_TARGET_DIR:-target}" && pwd)
export CARGO_TARGET_DIR
cd web

say() { printf 'web: %s\n' "$*" >&2; }

# lose REASON: goes on without it.
lose() {
    say "no page: $1"
    [ -z "${CI-}" ] || exit 1
    exit 0
}

with_node() { ../scripts/node.sh "$CARGO_TARGET_DIR" "$@"; }

install() {
    with_node true || lose "nothing builds it here"
    # npm notes what it has installed, so that a newer list is installed again.
    [ node_modules/.package-lock.json -nt package-lock.json ] && return
    say "installing what the page is built with (100 MB, once)"
    with_node npm ci --silent --no-audit --no-fund >&2 || lose "its packages could not be fetched"
    touch node_modules/.package-lock.json
}

# Whether anything that the page is made of is newer than the page.
is_stale() {
    [ ! -f dist/index.html ] || [ -n "$(find src public build index.html vite.config.ts tsconfig.json package-lock.json -newer dist/index.html -print -quit)" ]
}

case ${1-} in
    build)
        install
        ! is_stale || with_node npm run --silent build >&2
        ;;
    watch)
        install
        shift
        with_node node bench/watch.mjs "$@"
        ;;
    test | conform | e2e)
        install
        with_node npm run --silent "$1" >&2
        ;;
    *)
        say 'usage: scripts/web.sh build|test|conform|e2e|watch'
        exit 2
        ;;
esac
