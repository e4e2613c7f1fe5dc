#!/usr/bin/env bash
# Drives a mounted stuckfs by the command line: holds the 64 WRITE requests of one file, lets half of them go, newest
# first, then the rest, and compares what was written with what the server has.
# usage: cli.sh MOUNTPOINT SOCKET
# Exit: 0 byte-exact; 1 not, or something did not come in time.
set -euo pipefail

mount_point=${1:?usage: cli.sh MOUNTPOINT SOCKET}
export STUCKFS_SOCKET=${2:?usage: cli.sh MOUNTPOINT SOCKET}
program=$(dirname -- "$(realpath -- "${BASH_SOURCE[0]}")")/../../dist/src/cli/main.js
stuckfs() { node "$program" "$@"; }

name=example-cli
work=$(mktemp -d)
fault=

# However this ends, nobody is left waiting. The mount itself is touched by children only, and not by this.
end() {
  if [[ -n $fault ]]; then
    stuckfs fault remove "$fault" || true
    stuckfs release --path "/$name" || true
  fi
  rm -rf "$work"
}
trap end EXIT

# A WRITE request covers dirty pages in a row, so every other page is left out: 64 pages make 64 requests.
for ((page = 0; page < 64; page++)); do
  if ((page > 0)); then head -c 4096 /dev/zero; fi
  head -c 4096 /dev/urandom
done >"$work/data"

said=$(stuckfs hold write --path "/$name")
echo "$said"
[[ $said =~ ^fault\ ([0-9]+) ]]
fault=${BASH_REMATCH[1]}

# fsync(2) does not return while its WRITE requests are held: in the background.
dd if="$work/data" of="$mount_point/$name" bs=4096 conv=sparse,fsync status=none &
writer=$!

stuckfs held --path "/$name" --wait-for 64 --timeout 10s --limit 4
stuckfs release --path "/$name" --count 32 --reversed
stuckfs held --path "/$name" --limit 4
echo "the writer (pid $writer) waits: $(awk '/^State/' "/proc/$writer/status")"

stuckfs fault remove "$fault"
stuckfs release --path "/$name"
fault=
wait "$writer"
# Past the page cache: what the server has.
dd if="$mount_point/$name" iflag=direct bs=64k status=none | cmp - "$work/data"
echo 'byte-exact'
