/**
 * The two shell scripts of a guest: what runs in its initramfs, and what is process 1 of its root image.  Process 1 is
 * a shell because it reaps whoever is orphaned while it waits.  Nothing here waits for ever: what fails is said on the
 * console, and the machine is switched off without sync(2), which hangs where writeback is stuck.
 * Authority: Documentation/filesystems/ramfs-rootfs-initramfs.rst, switch_root(8).
 */

import { KEPT_MEMORY_VARIABLE } from '../../base/kept-memory.js';
import { PROTECTED_CGROUP_VARIABLE } from '../../base/protected-cgroup.js';

/** Of the root image: whatever other disks a machine has. */
export const rootLabel = 'stuckfs-root';

export const agentPath = '/opt/stuckfs/dist/src/vm/guest/agent-main.js';

/** Twice what the landing of sets of 2 MiB takes. */
const keptMiB = 48;

/** Of busybox, for both scripts and for the agent. */
export const neededApplets = [
  'sh',
  'cat',
  'chmod',
  'dd',
  'echo',
  'findfs',
  'hostname',
  'insmod',
  'ip',
  'mkdir',
  'mknod',
  'modprobe',
  'mount',
  'mv',
  'poweroff',
  'sleep',
  'switch_root',
  'tar',
];

/** Loads what /boot-modules names, takes the modules along, and gives way to the root image. */
export const initramfsInit = `#!/bin/sh
export PATH=/bin
fail() {
  echo "stuckfs-init: $*"
  poweroff -f -n
  sleep 60
}
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
while read -r module; do
  insmod "/modules/$module" || echo "stuckfs-init: $module was not loaded"
done </boot-modules
tries=0
until root=$(findfs LABEL=${rootLabel} 2>/dev/null); do
  tries=$((tries + 1))
  [ $tries -lt 100 ] || fail 'no disk is labelled ${rootLabel}'
  sleep 0.1
done
mount -t ext4 -o ro "$root" /new || fail "the root image on $root was not mounted"
mount -t tmpfs -o mode=0755 modules /new/usr/lib/modules
mv /modules /new/usr/lib/modules/"$(cat /proc/sys/kernel/osrelease)"
for directory in proc sys dev; do
  mount --move /$directory /new/$directory
done
exec switch_root /new /usr/sbin/stuckfs-init
fail 'the root image was not entered'
`;

/** Everything that is written to is memory. */
export const rootInit = `#!/bin/sh
export PATH=/usr/sbin:/usr/bin HOME=/root
mount -t tmpfs -o mode=1777 tmp /tmp
mount -t tmpfs -o mode=0755 run /run
# Low memory, before anybody else has it: for the folios of the sets.
export ${KEPT_MEMORY_VARIABLE}=/run/kept-memory
dd if=/dev/zero of=/run/kept-memory bs=1M count=${keptMiB} 2>/dev/null
mount -t tmpfs -o mode=0700 root /root
mount -t tmpfs -o mode=0755 out /out
mount -t tmpfs -o mode=0755 mnt /mnt
mount -t tmpfs -o mode=0755 var /var
mkdir -p /var/tmp /var/log /var/lib/nfs/sm /var/lib/nfs/sm.bak /var/lib/nfs/v4recovery /run/rpc_pipefs /dev/pts /dev/shm
chmod 1777 /var/tmp
mount -t devpts devpts /dev/pts
mount -t tmpfs -o mode=1777 shm /dev/shm
# Where the kernel has them: as on a machine that was booted the usual way.
mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null
mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null
mount -t fusectl fusectl /sys/fs/fuse/connections 2>/dev/null
mount -t cgroup2 cgroup /sys/fs/cgroup
echo +memory >/sys/fs/cgroup/cgroup.subtree_control
mkdir /sys/fs/cgroup/protected
echo max >/sys/fs/cgroup/protected/memory.min
# Where the kernel has memory cgroups at all.
[ "$(cat /sys/fs/cgroup/protected/memory.min 2>/dev/null)" != max ] || export ${PROTECTED_CGROUP_VARIABLE}=/sys/fs/cgroup/protected
# Opening it loads the module, where it is one.
[ -e /dev/loop-control ] || mknod -m 0600 /dev/loop-control c 10 237
hostname stuckfs
ip link set lo up
ulimit -n 65536
ulimit -l unlimited
cd /root
node ${agentPath} </dev/null
echo "stuckfs-init: the agent ended with status $?"
poweroff -f -n
sleep 60
`;
