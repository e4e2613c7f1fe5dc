/**
 * What a server and a client of NFS in network namespaces of their own leave behind when whoever made them dies: the
 * link that is down, the mount, the server's threads, and the namespace, which its file and those threads keep.  All of
 * it can be reached from one directory in the state directory.  Owns where it lies, and its end.
 */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { errnoName } from '../base/errno.js';
import { findMount, readMountinfo } from '../kernel/mountinfo.js';
import { MNT_DETACH, MNT_FORCE, UMOUNT_NOFOLLOW } from '../syscall/mount.js';
import { setLinkUpIn } from '../syscall/network.js';
import type { Machine } from './machine.js';
import type { StateDirectory } from './state-directory.js';

interface PeersOutcome {
  readonly ok: boolean;
  readonly detail: string;
}

export interface NfsPlaces {
  /** A file that the server's network namespace is bound to. */
  readonly netns: string;
  readonly nfsd: string;
  readonly exported: string;
  readonly mountPoint: string;
  /** The server's end of the pair. */
  readonly link: string;
}

/** @param path directly in the state directory */
export function nfsPlaces(path: string): NfsPlaces {
  return {
    netns: join(path, 'netns'),
    nfsd: join(path, 'nfsd'),
    exported: join(path, 'export'),
    mountPoint: join(path, 'mnt'),
    link: 'server',
  };
}

/** What waits for the server goes on. Not there, or up already: nothing happens. */
export function plugNfsPeers(path: string, machine: Machine): PeersOutcome {
  const { netns, link } = nfsPlaces(path);
  if (typeOfMount(netns, machine) !== 'nsfs') return { ok: true, detail: 'no network namespace' };
  const result = setLinkUpIn(netns, link, true);
  return result < 0
    ? { ok: false, detail: `the link is not up (${errnoName(-result)})` }
    : { ok: true, detail: 'the link is up' };
}

/** Ends with an error whatever waits for the server still (nfs_umount_begin() in fs/nfs/super.c). */
export function abortNfsPeers(path: string, machine: Machine): void {
  const { mountPoint } = nfsPlaces(path);
  if (isNfs(mountPoint, machine)) machine.umount2(mountPoint, MNT_FORCE | UMOUNT_NOFOLLOW);
}

/** All of it, in the order in which each can still be asked to end. */
export function endNfsPeers(path: string, directory: StateDirectory, machine: Machine): PeersOutcome {
  if (dirname(path) !== directory.path) return { ok: false, detail: 'is not in the state directory' };
  const places = nfsPlaces(path);
  if (!existsSync(path)) return { ok: true, detail: 'gone' };
  plugNfsPeers(path, machine);
  const wrong: string[] = [];
  const unmount = (place: string, isOurs: (fsType: string) => boolean, flags = 0): void => {
    const fsType = typeOfMount(place, machine);
    if (fsType === undefined) return;
    if (!isOurs(fsType)) {
      wrong.push(`${fsType} is mounted at ${place}`);
      return;
    }
    const result = machine.umount2(place, UMOUNT_NOFOLLOW | MNT_DETACH | flags);
    if (result < 0) wrong.push(`${place} cannot be unmounted (${errnoName(-result)})`);
  };
  // Whoever has files open there still must not wait for a server that is gone.
  unmount(places.mountPoint, (fsType) => fsType === 'nfs4', MNT_FORCE);
  if (typeOfMount(places.nfsd, machine) === 'nfsd') {
    try {
      writeFileSync(join(places.nfsd, 'threads'), '0\n', { flag: 'r+' });
    } catch (error) {
      wrong.push(`the server cannot be ended: ${(error as Error).message}`);
      // It is out of reach without that filesystem: all that is left is there for another attempt.
      return { ok: false, detail: wrong.join('; ') };
    }
  }
  unmount(places.nfsd, (fsType) => fsType === 'nfsd');
  unmount(places.exported, (fsType) => fsType === 'tmpfs');
  unmount(places.netns, (fsType) => fsType === 'nsfs');
  if (wrong.length > 0) return { ok: false, detail: wrong.join('; ') };
  rmSync(path, { recursive: true, force: true, maxRetries: 0 });
  return { ok: true, detail: 'ended' };
}

function typeOfMount(place: string, { root }: Machine): string | undefined {
  return findMount(readMountinfo(root), place)?.fsType;
}

function isNfs(mountPoint: string, machine: Machine): boolean {
  return typeOfMount(mountPoint, machine) === 'nfs4';
}
