#!/bin/sh
# Fetches two foreign clients for resumable uploads, which the tests run unmodified:
#
#   scripts/fetch-tus.sh target      gives target/lib/tus/python and target/lib/tus/node
#
# Nothing happens when they are there already. Where they cannot be had, this says so and succeeds, and the tests that
# need them say so, too.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
wanted=$root/crates/kinora/tests/clients/tus
target=$(mkdir -p "${1:?usage: scripts/fetch-tus.sh TARGET}" && cd "$1" && pwd)
dir=$target/lib/tus

say() { printf 'fetch-tus: %s\n' "$*" >&2; }

# once NAME COMMAND...: runs the command in a new directory, which gets its name when all is there.
once() {
    name=$1
    shift
    [ ! -d "$dir/$name" ] || return 0
    mkdir -p "$dir"
    work=$(mktemp -d "$dir/fetch.XXXXXX")
    if (cd "$work" && "$@"); then
        mv "$work" "$dir/$name"
    else
        rm -rf "$work"
        say "no $name client: it could not be fetched"
    fi
}

python_client() {
    python3 -m pip --quiet --disable-pip-version-check --no-input --retries 1 install --root-user-action ignore --target . \
        --requirement "$wanted/requirements.txt"
}

node_client() {
    cp "$wanted/package.json" "$wanted/package-lock.json" .
    "$root/scripts/node.sh" "$target" npm --silent --no-audit --no-fund --ignore-scripts ci
}

"$root/scripts/needs.sh" fetch || say "pip is missing"
once python python_client
once node node_client
