/** mount(2) and umount2(2), with the flags of include/uapi/linux/mount.h. */
import { declare, orErrno } from './libc.js';

export const MountFlag = {
  MS_RDONLY: 1,
  MS_NOSUID: 2,
  MS_NODEV: 4,
  MS_NOEXEC: 8,
  MS_SYNCHRONOUS: 16,
  MS_DIRSYNC: 128,
  MS_NOATIME: 1024,
  MS_NODIRATIME: 2048,
  MS_BIND: 4096,
  MS_RELATIME: 1 << 21,
  MS_STRICTATIME: 1 << 24,
  MS_LAZYTIME: 1 << 25,
} as const;

/** End what waits for the server of a network filesystem, with an error (include/linux/fs.h). */
export const MNT_FORCE = 1;
/** Detach the mount now, finish when the last user is gone (include/linux/fs.h). */
export const MNT_DETACH = 2;
/** Do not follow a symbolic link at the end of the path. */
export const UMOUNT_NOFOLLOW = 8;

const cMount = declare<(source: string, target: string, type: string, flags: number, data: string) => number>(
  'int mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data)',
);
const cUmount2 = declare<(target: string, flags: number) => number>(
  'int umount2(const char *target, int flags)',
);

/** 0 or -errno. */
export function mount(source: string, target: string, fsType: string, flags: number, data: string): number {
  return orErrno(cMount(source, target, fsType, flags, data));
}

/** 0 or -errno. Without MNT_DETACH it may wait for writeback: never on a mount that may be wedged. */
export function umount2(target: string, flags: number): number {
  return orErrno(cUmount2(target, flags));
}

/**
 * As umount2, on a thread of libuv's pool, so that the caller goes on meanwhile.  0, or -1 where it failed: errno
 * belongs to the other thread.
 */
export function umount2Async(target: string, flags: number): Promise<number> {
  return new Promise((resolve, reject) => {
    cUmount2.async(target, flags, (error: unknown, result: number) => {
      if (error) reject(error);
      else resolve(result);
    });
  });
}
