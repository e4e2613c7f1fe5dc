/**
 * Mounts a FUSE filesystem by hand: opens /dev/fuse, calls mount(2), learns the connection number.
 * Never looks at the mount itself: whoever touches a wedged mount is in D state, so what is known of it comes
 * from /proc/self/mountinfo.  Authority: fuse_fill_super() in fs/fuse/inode.c, fs/fuse/control.c.
 */
import { Errno, errnoName } from '../base/errno.js';
import { StuckfsError, UsageError } from '../base/errors.js';
import { readMountinfo } from '../kernel/mountinfo.js';
import { close, OpenFlag, open } from '../syscall/file.js';
import { MNT_DETACH, mount, UMOUNT_NOFOLLOW, umount2 } from '../syscall/mount.js';
import type { MountOptions } from './mount-options.js';

/** The type in /proc/mounts by which every mount of ours is known. */
export const FS_TYPE = 'fuse.stuckfs';

/** The kernel refused the mount; `errno` says why. */
export class MountError extends StuckfsError {
  override readonly code = 'MOUNT';

  constructor(
    message: string,
    readonly errno: number,
  ) {
    super(message);
  }
}

export interface FuseMount {
  readonly fd: number;
  readonly mountPoint: string;
  /** Minor of st_dev, which is the name of the connection's directory under fusectl. */
  readonly connection: number;
  /** "MAJOR:MINOR", the name of the bdi too. */
  readonly device: string;
}

const S_IFDIR_OCTAL = '40000';

/**
 * @param mountPoint absolute, without symbolic links, an empty directory: the caller has checked it
 * @throws {UsageError} when /dev/fuse cannot be opened or the caller may not mount
 * @throws {MountError} for all else that mount(2) refuses
 */
export function mountFuse(mountPoint: string, options: MountOptions): FuseMount {
  const fd = open('/dev/fuse', OpenFlag.O_RDWR | OpenFlag.O_NONBLOCK | OpenFlag.O_CLOEXEC);
  if (fd < 0) throw cannotOpen(-fd);
  const data = [`fd=${fd}`, `rootmode=${S_IFDIR_OCTAL}`, 'user_id=0', 'group_id=0', ...options.data].join(
    ',',
  );
  const mounted = mount(options.source, mountPoint, FS_TYPE, options.flags, data);
  if (mounted < 0) {
    close(fd);
    if (-mounted === Errno.EPERM || -mounted === Errno.EACCES) {
      throw new UsageError(
        'mount point',
        mountPoint,
        `mount(2) says ${errnoName(-mounted)}: needs CAP_SYS_ADMIN; run as root`,
      );
    }
    throw new MountError(`mount(2) on ${mountPoint}: ${errnoName(-mounted)}`, -mounted);
  }
  const entry = readMountinfo().findLast((candidate) => candidate.mountPoint === mountPoint);
  if (entry?.fsType !== FS_TYPE) {
    umount2(mountPoint, MNT_DETACH | UMOUNT_NOFOLLOW);
    close(fd);
    throw new MountError(`${mountPoint} was mounted but /proc/self/mountinfo does not show it`, Errno.ENOENT);
  }
  return { fd, mountPoint, connection: entry.minor, device: `${entry.major}:${entry.minor}` };
}

function cannotOpen(errno: number): UsageError {
  const remedy: Record<number, string> = {
    [Errno.ENOENT]: 'there is no such device: load the fuse module, or give the container --device /dev/fuse',
    [Errno.ENODEV]: 'this kernel has no FUSE: it needs CONFIG_FUSE_FS',
    [Errno.EACCES]: 'not allowed: run as root',
    [Errno.EPERM]: 'not allowed here: allow the device (c 10:229) in the device cgroup, --device /dev/fuse',
  };
  return new UsageError('device', '/dev/fuse', remedy[errno] ?? `open(2) says ${errnoName(errno)}`);
}
