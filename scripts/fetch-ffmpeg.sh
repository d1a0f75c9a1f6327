#!/bin/sh
# Fetches the static FFmpeg that packaging/ffmpeg-static.txt names and checks its sum:
#
#   scripts/fetch-ffmpeg.sh target      gives target/lib/kinora/ffmpeg
#
# Nothing happens when it is there already. It is an addition: where it cannot be had, this says what is lost and
# succeeds, for everything works with Debian's FFmpeg alone.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
wanted=$root/packaging/ffmpeg-static.txt
dir=${1:?usage: scripts/fetch-ffmpeg.sh TARGET}/lib/kinora

say() { printf 'fetch-ffmpeg: %s\n' "$*" >&2; }

# lose REASON: goes on without it.
lose() {
    say "no second FFmpeg: $1"
    say "lost by that: quality measured with VMAF (our own XPSNR is used), a newer and faster AV1 encoder"
    exit 0
}

# What was fetched stands beside it, so that a new version in the list is fetched again.
if [ -x "$dir/ffmpeg" ] && cmp -s "$wanted" "$dir/ffmpeg-static.txt"; then
    exit 0
fi
case $(uname -s)-$(uname -m) in
    Linux-x86_64 | Linux-aarch64) ;;
    *) lose "there is none for $(uname -s) on $(uname -m)" ;;
esac
"$root/scripts/needs.sh" fetch || lose "it is fetched with pip, which is missing"

mkdir -p "$dir"
work=$(mktemp -d "$dir/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
say "fetching the second FFmpeg (68 MB, once)"
python3 -m pip --quiet --disable-pip-version-check --no-input --retries 1 download --no-deps --only-binary :all: \
    --require-hashes --requirement "$wanted" --dest "$work" || lose "it could not be fetched"
python3 - "$work" <<'PYTHON' || lose "the package does not hold what was expected"
import pathlib, shutil, sys, zipfile

work = pathlib.Path(sys.argv[1])
(wheel,) = work.glob("*.whl")
with zipfile.ZipFile(wheel) as archive:
    (name,) = [n for n in archive.namelist() if n.startswith("imageio_ffmpeg/binaries/ffmpeg-linux-")]
    with archive.open(name) as packed, open(work / "ffmpeg", "wb") as program:
        shutil.copyfileobj(packed, program)
PYTHON
chmod 755 "$work/ffmpeg"
"$work/ffmpeg" -version >/dev/null 2>&1 || lose "it does not run on this machine"
# By name last, so that a server never meets half of it.
rm -f "$dir/ffmpeg-static.txt"
mv -f "$work/ffmpeg" "$dir/ffmpeg"
cp "$wanted" "$dir/ffmpeg-static.txt"
