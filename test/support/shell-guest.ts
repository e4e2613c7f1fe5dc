/**
 * A guest that is only busybox: an initramfs whose first process is a shell that speaks the agent's protocol, so that
 * QEMU and what watches it are tested without Node in a guest. The job's first word says what it does.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { cpioArchive } from '../../src/vm/guest/cpio.js';
import { guestOut, portNames } from '../../src/vm/protocol.js';

/** Its kernel needs virtio_pci, virtio_console and the 8250 console built in: Debian's cloud kernels from 6.12 do. */
const init = `#!/bin/sh
busybox mount -t proc proc /proc
busybox mount -t sysfs sysfs /sys
busybox mount -t devtmpfs dev /dev
port() {
  for p in /sys/class/virtio-ports/*; do
    read -r name <$p/name && [ "$name" = "$1" ] && echo /dev/\${p##*/}
  done
}
now() {
  read -r up rest </proc/uptime
  echo $((1\${up#*.} - 100 + \${up%.*} * 100))0000000
}
job=$(port ${portNames.job}) log=$(port ${portNames.log}) result=$(port ${portNames.result})
exec 4>$log
read -r words <$job
say() { echo "{\\"t\\":$(now),\\"stream\\":\\"stdout\\",\\"line\\":\\"$1\\"}" >&4; }
end() { echo "{\\"t\\":$(now),\\"exit\\":$1}" >&4; }
beat() { while echo "{\\"t\\":$(now)}" >&4; do busybox sleep 1; done; }
kernel() { echo "<1>$1" >/dev/kmsg; }
send() { busybox tar -c -C ${guestOut} . >$result; }
busybox mkdir -p ${guestOut}/sub
case $words in
*'["ends"'*)
  beat & say 'job: began'
  kernel 'watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [sh:1]'
  echo "$words" >${guestOut}/job.json
  busybox dd if=/dev/zero bs=65536 count=32 2>/dev/null | busybox tr '\\0' 'x' >${guestOut}/sub/bulk
  send; end 3 ;;
*'["nodes"'*)
  beat & cat=$(busybox cat /sys/devices/system/node/has_memory); say "nodes $cat"
  say "movable$(busybox awk '/zone +Movable/{m=1} m&&/present/{printf " %d", $2; m=0}' /proc/zoneinfo)"
  say "$(busybox cat /proc/cmdline)" ;;
*'["oopses"'*)
  beat & kernel 'BUG: kernel NULL pointer dereference, address: 0000000000000008' ;;
*'["panics"'*)
  beat & say 'job: about to'; busybox sleep 2; echo c >/proc/sysrq-trigger ;;
*'["beats"'*) beat & say 'job: beats' ;;
*'["hangs"'*) say 'job: silent from here' ;;
*'["breaks-off"'*) say 'job: half'; busybox dd if=/dev/zero of=$result bs=512 count=1 2>/dev/null; busybox poweroff -f ;;
*'["escapes"'*) beat & busybox ln -s /etc/passwd ${guestOut}/sub/link; send; end 0 ;;
*'["silent"'*) ;;
esac
while :; do busybox sleep 1000; done
`;

/** Makes it in this directory. */
export function shellGuest(directory: string): { readonly initrd: string; readonly image: undefined } {
  const initrd = join(directory, 'initrd');
  const entries = ['bin', 'proc', 'sys', 'dev'].map((path) => ({ kind: 'directory', path }) as const);
  const archive = cpioArchive([
    ...entries,
    { kind: 'character-device', path: 'dev/console', major: 5, minor: 1 },
    { kind: 'file', path: 'bin/busybox', mode: 0o755, bytes: readFileSync(busybox()) },
    { kind: 'link', path: 'bin/sh', target: 'busybox' },
    { kind: 'file', path: 'init', mode: 0o755, bytes: Buffer.from(init) },
  ]);
  writeFileSync(initrd, archive);
  return { initrd, image: undefined };
}

function busybox(): string {
  const path = (process.env['PATH'] ?? '').split(delimiter).map((each) => join(each, 'busybox'));
  const found = path.find((each) => existsSync(each));
  if (found === undefined) throw new Error('busybox is not in PATH');
  return found;
}
