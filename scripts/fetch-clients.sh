#!/bin/sh
# Fetches foreign clients of the HTTP door, which the tests run unmodified:
#
#   scripts/fetch-clients.sh target      gives target/lib/clients/
#       tuspy, tus-js-client             resumable uploads
#       m3u8                             a parser of playlists
#       schemathesis                     requests that the description of the API allows, and some that it does not
#
# Nothing happens when they are there already. Where they cannot be had, this says so and succeeds, and the tests that
# need them say so, too.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
wanted=$root/crates/kinora/tests/clients
target=$(mkdir -p "${1:?usage: scripts/fetch-clients.sh TARGET}" && cd "$1" && pwd)
dir=$target/lib/clients

say() { printf 'fetch-clients: %s\n' "$*" >&2; }

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
        say "no $name: it could not be fetched"
    fi
}

# from_pypi REQUIREMENTS
from_pypi() {
    python3 -m pip --quiet --disable-pip-version-check --no-input --retries 1 install --root-user-action ignore --target . \
        --requirement "$1"
}

# from_npm DIRECTORY
from_npm() {
    cp "$1/package.json" "$1/package-lock.json" .
    "$root/scripts/node.sh" "$target" npm --silent --no-audit --no-fund --ignore-scripts ci
}

"$root/scripts/needs.sh" fetch || say "pip is missing"
once tuspy from_pypi "$wanted/tus/requirements.txt"
once tus-js-client from_npm "$wanted/tus"
once m3u8 from_pypi "$wanted/m3u8/requirements.txt"
once schemathesis from_pypi "$wanted/schemathesis/requirements.txt"
