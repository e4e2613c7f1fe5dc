/**
 * An NFS server and client in place of a FUSE server: a process of its own makes them (src/nfs), and the ledger has
 * all that it leaves behind (safety/nfs-peers.ts).  What waits for the server too long the kernel ends by itself
 * (`soft`), as there is no connection that a watchdog could abort.
 */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Errno } from '../base/errno.js';
import { patient } from '../base/patience.js';
import { findMount, readMountinfo } from '../kernel/mountinfo.js';
import { Ledger } from '../safety/ledger.js';
import { thisMachine } from '../safety/machine.js';
import { endNfsPeers, type NfsPlaces, nfsPlaces } from '../safety/nfs-peers.js';
import type { StateDirectory } from '../safety/state-directory.js';
import { ArmError } from './arm-context.js';
import { Child } from './child.js';
import type { LastingServer } from './server.js';
import { Serverless } from './serverless.js';

/** To load modules, and to find out that there is no rpcbind and no nfsdcld. */
const SERVE_MS = 30_000;
/** With the server's grace period. */
const MOUNT_MS = 40_000;
const LINK_MS = 10_000;
/** Until whoever was interrupted has closed its files: TCP waits about as long as the link was down. */
const DRAIN_MS = 10_000;
const POLL_MS = 100;

/** What an arm wants of it. */
export interface WantedNfs {
  readonly bytes: number;
  /** After so long without an answer the kernel gives up. */
  readonly giveUpMs: number;
}

export class NfsHost extends Serverless implements LastingServer {
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
    { arm, bytes, giveUpMs }: WantedNfs & { arm: number },
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

  /** Looked for where the server has its files: the mount is not touched from here. */
  async isEmptyWithin(deadlineMs: number): Promise<boolean> {
    const untilMs = performance.now() + deadlineMs;
    while (readdirSync(this.places.exported).length > 0) {
      if (performance.now() > untilMs) return false;
      await delay(POLL_MS);
    }
    return true;
  }

  /**
   * The client first, while there is a server.  Where the process of the peers does not end, it waits in the kernel for
   * that server: nothing is taken from it then, and the cleanup of the run goes on.
   */
  override async stop(deadlineMs: number): Promise<void> {
    try {
      await this.setLinkUp(true);
      await this.unmount();
    } catch {
      // It was never served, or the process is dead: whatever is there is detached then.
    }
    const exit = await this.peers.end(deadlineMs);
    if (exit.kind === 'late') throw new ArmError('NFS: the process of the peers was killed and does not end');
    const { ok, detail } = endNfsPeers(this.path, this.state, thisMachine);
    if (!ok) throw new ArmError(`NFS: ${detail}`);
  }

  /** The server must not end before its data has drained: whoever waits for that would go on waiting. */
  private async unmount(): Promise<void> {
    const startedMs = performance.now();
    const drainMs = patient(DRAIN_MS);
    for (;;) {
      const spentMs = performance.now() - startedMs;
      const words = { force: spentMs > drainMs };
      const { result } = await this.peers.ask<{ result: number }>('unmount', words, LINK_MS);
      if (result !== -Errno.EBUSY || spentMs > 2 * drainMs) return;
      await delay(POLL_MS);
    }
  }
}
