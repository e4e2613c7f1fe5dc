/**
 * An NFS server and client in place of a FUSE server: a process of its own makes them (src/nfs), and the ledger has
 * all that it leaves behind (safety/nfs-peers.ts).  What waits for the server too long the kernel ends by itself
 * (`soft`), as there is no connection that a watchdog could abort.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { patient } from '../base/patience.js';
import { findMount, readMountinfo } from '../kernel/mountinfo.js';
import { Ledger } from '../safety/ledger.js';
import { thisMachine } from '../safety/machine.js';
import { endNfsPeers, type NfsPlaces, nfsPlaces } from '../safety/nfs-peers.js';
import type { StateDirectory } from '../safety/state-directory.js';
import { ArmError } from './arm-context.js';
import { Child } from './child.js';
import { Serverless } from './serverless.js';

/** To load modules, and to find out that there is no rpcbind and no nfsdcld. */
const SERVE_MS = 30_000;
const MOUNT_MS = 30_000;
const LINK_MS = 10_000;

export class NfsHost extends Serverless {
  private constructor(
    override readonly device: string,
    private readonly peers: Child,
    private readonly places: NfsPlaces,
    private readonly path: string,
    private readonly state: StateDirectory,
  ) {
    super();
  }

  static async start(
    state: StateDirectory,
    { arm, bytes, giveUpMs }: { arm: number; bytes: number; giveUpMs: number },
  ): Promise<NfsHost> {
    const path = join(state.path, `nfs-${arm}`);
    Ledger.open(state).nfsPeers(path);
    const places = nfsPlaces(path);
    for (const directory of [path, places.nfsd, places.exported, places.mountPoint])
      mkdirSync(directory, { mode: 0o700 });
    const peers = await Child.spawn('peers', '../nfs/peers-main.js', state, ['unshare', '--net', '--']);
    const host = new NfsHost('', peers, places, path, state);
    try {
      await peers.ask('serve', { ...places, exportBytes: bytes }, SERVE_MS);
      await peers.ask('mount', { giveUpMs }, MOUNT_MS);
      const mounted = findMount(readMountinfo(), places.mountPoint);
      if (mounted?.fsType !== 'nfs4') throw new ArmError('NFS was mounted and is not there');
      return new NfsHost(`${mounted.major}:${mounted.minor}`, peers, places, path, state);
    } catch (error) {
      await host.stop(patient(LINK_MS));
      throw error;
    }
  }

  get mountPoint(): string {
    return this.places.mountPoint;
  }

  /** @returns CLOCK_MONOTONIC just before */
  async setLinkUp(isUp: boolean): Promise<number> {
    const { askedNs } = await this.peers.ask<{ askedNs: number }>('setLinkUp', { isUp }, LINK_MS);
    return askedNs;
  }

  override async isSound(): Promise<boolean> {
    return !this.peers.isDoomed();
  }

  /** The client first, while there is a server; one that does not end is left to the cleanup of the run. */
  override async stop(deadlineMs: number): Promise<void> {
    try {
      await this.setLinkUp(true);
      await this.peers.ask('unmount', {}, LINK_MS);
    } catch {
      // Nothing was mounted, files are open there still, or the process is dead: it is detached then.
    }
    const { ok, detail } = endNfsPeers(this.path, this.state, thisMachine);
    await this.peers.end(deadlineMs);
    if (!ok) throw new ArmError(`NFS: ${detail}`);
  }
}
