/**
 * An XFS of the run's own in place of a server: a sparse image in the state directory, a loop device, a mount beside
 * it.  The ledger has the mount, and the loop device goes with it (LO_FLAGS_AUTOCLEAR), so that nothing outlives a
 * run that is killed.  Formats by mkfs.xfs (xfsprogs).
 */
import { execFile } from 'node:child_process';
import { closeSync, openSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Errno, errnoName } from '../base/errno.js';
import { PAGE_BYTES } from '../base/page-size.js';
import { findMount, readMountinfo } from '../kernel/mountinfo.js';
import { Ledger } from '../safety/ledger.js';
import type { StateDirectory } from '../safety/state-directory.js';
import { close } from '../syscall/file.js';
import { attachLoop } from '../syscall/loop.js';
import { MNT_DETACH, MountFlag, mount, UMOUNT_NOFOLLOW, umount2 } from '../syscall/mount.js';
import { ArmError, ArmLacksError } from './arm-context.js';
import { Serverless } from './serverless.js';

/** mkfs.xfs makes none that is smaller than 300 MiB. */
const LEAST_IMAGE_BYTES = 512 << 20;
/** Both what was primed and what is written over it, with room for metadata. */
const IMAGE_TIMES = 4;
const MKFS_MS = 60_000;

export class XfsImage extends Serverless {
  private constructor(
    override readonly device: string,
    private readonly mountPoint: string,
    private readonly image: string,
  ) {
    super();
  }

  /** @param blockBytes more than a page gives every folio a least order */
  static async start(
    state: StateDirectory,
    { mountPoint, blockBytes, bytes }: { mountPoint: string; blockBytes: number; bytes: number },
  ): Promise<XfsImage> {
    const image = join(state.path, `xfs-${mountPoint.slice(mountPoint.lastIndexOf('/') + 1)}.img`);
    makeImage(image, Math.max(LEAST_IMAGE_BYTES, bytes * IMAGE_TIMES));
    await format(image, blockBytes);
    Ledger.open(state).imageMount(mountPoint);
    mountImage(image, mountPoint, blockBytes);
    const mounted = findMount(readMountinfo(), mountPoint);
    if (mounted?.fsType !== 'xfs') throw new ArmError(`${mountPoint}: XFS was mounted and is not there`);
    return new XfsImage(`${mounted.major}:${mounted.minor}`, mountPoint, image);
  }

  /** Whoever has files open there keeps the filesystem and its device until it ends. */
  override async stop(_deadlineMs: number): Promise<void> {
    umount2(this.mountPoint, MNT_DETACH | UMOUNT_NOFOLLOW);
    rmSync(this.image, { force: true });
  }
}

function makeImage(image: string, bytes: number): void {
  try {
    writeFileSync(image, '', { mode: 0o600, flag: 'wx' });
    truncateSync(image, bytes);
  } catch (error) {
    throw new ArmError(`the image of XFS: ${(error as Error).message}`);
  }
}

async function format(image: string, blockBytes: number): Promise<void> {
  try {
    await promisify(execFile)('mkfs.xfs', ['-q', '-f', '-b', `size=${blockBytes}`, image], {
      timeout: MKFS_MS,
      env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` },
    });
  } catch (error) {
    const { stderr = '', message } = error as Error & { stderr?: string };
    throw new ArmError(`mkfs.xfs: ${stderr.trim() === '' ? message : stderr.trim()}`);
  }
}

function mountImage(image: string, mountPoint: string, blockBytes: number): void {
  const file = openSync(image, 'r+');
  try {
    const loop = attachLoop(file);
    if (typeof loop === 'number') throw new ArmError(`no loop device for the image: ${errnoName(-loop)}`);
    const flags = MountFlag.MS_NOSUID | MountFlag.MS_NODEV | MountFlag.MS_NOEXEC | MountFlag.MS_NOATIME;
    const mounted = mount(loop.path, mountPoint, 'xfs', flags, '');
    close(loop.fd);
    // Before 6.12 (xfs_fs_fill_super() in fs/xfs/xfs_super.c).
    if (mounted === -Errno.ENOSYS && blockBytes > PAGE_BYTES)
      throw new ArmLacksError(
        `needs XFS with blocks of ${blockBytes} bytes: this kernel mounts none (6.12 and later do)`,
      );
    if (mounted < 0) throw new ArmError(`mount of XFS: ${errnoName(-mounted)}`);
  } finally {
    closeSync(file);
  }
}
