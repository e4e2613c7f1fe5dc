/**
 * An unprivileged user with a user and a mount namespace of its own: the commands that lead there.  Everything that
 * is set up lies in mount namespaces and ends with the last process in them.
 * Authority: user_namespaces(7), mount_namespaces(7), unshare(1), setpriv(1), nsenter(1).
 */

import { readlinkSync } from 'node:fs';
import { readMountinfo } from '../kernel/mountinfo.js';
import { findProgram } from '../kernel/requirements/programs.js';

/** `nobody` on most systems; all that matters is that it has no rights. */
export const untrustedUid = 65_534;
/** Seen in its mount namespace only, where /run is a filesystem of the user's own. */
export const untrustedMountPoint = '/run/mnt';
/** The daemon keeps its state there: what holds for root's holds for the user's, as nobody else can write there. */
export const untrustedStateDir = '/run/stuckfs';

/**
 * As root, in a mount namespace between ours and the user's.  Copies of other mounts of ours go, or they would keep
 * alive what their owners unmount.  The device is one of its own, for everybody: where /dev/fuse is 0600 its mode is not ours to
 * change.  To be opened it must be by somebody in the user namespace (fuse_fill_super() in fs/fuse/inode.c).
 */
const prepare = `
mount=$1 umount=$2 setpriv=$3
shift 3
while [ "$1" != : ]; do "$umount" -lc -- "$1" || true; shift; done
shift
"$mount" -t tmpfs -o mode=755,uid=${untrustedUid},gid=${untrustedUid},size=64m stuckfs /run
mknod -m 666 /run/fuse c 10 229
"$mount" --bind /run/fuse /dev/fuse
mkdir -m 700 ${untrustedMountPoint}
chown ${untrustedUid}:${untrustedUid} ${untrustedMountPoint}
exec "$setpriv" --reuid ${untrustedUid} --regid ${untrustedUid} --clear-groups \
  unshare --user --map-root-user --mount -- "$@"
`;

/** The command in front of one that is to run as that user; it ends in exec(2), so the pid stays. */
export function asUntrusted(mountsToDrop: readonly string[]): readonly string[] {
  // By their paths: the shell of a guest is busybox, which has programs of these names within, with fewer options.
  const entries = readMountinfo();
  const pathOf = (name: string) => findProgram(name, process.env['PATH'] ?? '', entries) ?? name;
  const programs = ['mount', 'umount', 'setpriv'].map(pathOf);
  return ['unshare', '--mount', '--', 'sh', '-euc', prepare, 'sh', ...programs, ...mountsToDrop, ':'];
}

/** The same for one that joins a process there, as the same user. */
export function besideUntrusted(pid: number): readonly string[] {
  return ['nsenter', '--target', `${pid}`, '--user', '--mount', '--'];
}

/** Whether a process lives in another user namespace than we do. */
export function hasOwnUserNamespace(pid: number): boolean {
  return readlinkSync(`/proc/${pid}/ns/user`) !== readlinkSync('/proc/self/ns/user');
}
