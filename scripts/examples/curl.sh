#!/usr/bin/env bash
# Drives a mounted stuckfs by curl: the same as cli.sh, but what is waited for comes as server-sent events.
# usage: curl.sh MOUNTPOINT SOCKET
# Exit: 0 byte-exact; 1 not, or something did not come in time.
set -euo pipefail

mount_point=${1:?usage: curl.sh MOUNTPOINT SOCKET}
socket=${2:?usage: curl.sh MOUNTPOINT SOCKET}
name=example-curl
work=$(mktemp -d)
fault=
listener=

# ask METHOD PATH [JSON]
ask() {
  curl -sS --fail --max-time 10 --unix-socket "$socket" -X "$1" "http://stuckfs/v1/$2" \
    ${3:+-H 'content-type: application/json' -d "$3"}
}

end() {
  if [[ -n $fault ]]; then
    ask DELETE "faults/$fault" || true
    ask POST release "{\"path\":\"/$name\"}" || true
  fi
  if [[ -n $listener ]]; then kill "$listener" || true; fi
  rm -rf "$work"
}
trap end EXIT

# The first event is the state, so nothing is missed between asking and listening.
exec 3< <(exec curl -sSN --fail --unix-socket "$socket" http://stuckfs/v1/events)
listener=$!

# until_held N: reads events until exactly N requests are held; fails when none comes for 10 seconds.
until_held() {
  local line event=
  while IFS= read -r -t 10 line <&3; do
    if [[ $line =~ ^event:\ (.*) ]]; then
      event=${BASH_REMATCH[1]}
    elif [[ $line == data:* ]]; then
      echo "$event ${line:0:100}"
      if [[ $event =~ ^(state|held)$ && $line =~ \"requests\":([0-9]+) && ${BASH_REMATCH[1]} == "$1" ]]; then
        return 0
      fi
    fi
  done
  echo "no event told that $1 requests are held" >&2
  return 1
}

until_held 0

# A WRITE request covers dirty pages in a row, so every other page is left out: 64 pages make 64 requests.
for ((page = 0; page < 64; page++)); do
  if ((page > 0)); then head -c 4096 /dev/zero; fi
  head -c 4096 /dev/urandom
done >"$work/data"

said=$(ask POST faults "{\"match\":{\"opcodes\":[\"WRITE\"],\"path\":\"/$name\"},\"action\":{\"type\":\"hold\"}}")
echo "$said"
[[ $said =~ \"id\":([0-9]+) ]]
fault=${BASH_REMATCH[1]}

# fsync(2) does not return while its WRITE requests are held: in the background.
dd if="$work/data" of="$mount_point/$name" bs=4096 conv=sparse,fsync status=none &
writer=$!

until_held 64
ask GET "held?path=/$name&limit=2"
ask POST release "{\"path\":\"/$name\",\"count\":32,\"order\":\"reversed\"}"
until_held 32
ask DELETE "faults/$fault"
ask POST release "{\"path\":\"/$name\"}"
fault=
until_held 0
wait "$writer"
# Past the page cache: what the server has.
dd if="$mount_point/$name" iflag=direct bs=64k status=none | cmp - "$work/data"
echo 'byte-exact'
