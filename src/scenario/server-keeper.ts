/**
 * Servers of arms that went to their end, still mounted: the next arm that wants the same of its server has it.
 * Starting a daemon, its serving thread and its watchdog, and ending them, is most of the work of an arm on a slow machine;
 * one of NFS has its grace period. Each is handed on as a new one is, empty and honest, or it is ended.
 */
import { isDeepStrictEqual } from 'node:util';
import { patient } from '../base/patience.js';
import type { LastingServer } from './server.js';

export interface KeptServer {
  readonly server: LastingServer;
  readonly mountPoint: string;
  /** The arm that it was started for: its log has that number. */
  readonly arm: number;
  /** What arms must want alike of a server to have the same one. */
  readonly wanted: object;
}

/** Arms of two transports may take turns, and come back to what the scenario before wanted. */
const MOST_KEPT = 3;
/** For the kernel to forget the files of the arm before. */
const FORGET_MS = 1000;
const STOP_MS = 5000;

export class ServerKeeper {
  /** The one that was given back last at the end. */
  private idle: readonly KeptServer[] = [];

  /** @param tell of one that did not end: the cleanup of the run tries again, and fails where it cannot */
  constructor(private readonly tell: (news: string) => void) {}

  /** One that is kept and is what is wanted; undefined where there is none. */
  async take(wanted: object): Promise<KeptServer | undefined> {
    const found = this.idle.find((kept) => isDeepStrictEqual(kept.wanted, wanted));
    if (found === undefined) return undefined;
    this.idle = this.idle.filter((kept) => kept !== found);
    if (await isSound(found.server)) return found;
    await this.stop(found);
    return undefined;
  }

  /**
   * After an arm that went to its end, and removed its files.
   * @returns whether it is kept; otherwise its end is the caller's
   */
  async giveBack(kept: KeptServer): Promise<boolean> {
    if (!(await isAsNew(kept.server))) return false;
    const all = [...this.idle, kept];
    this.idle = all.slice(-MOST_KEPT);
    await Promise.all(all.slice(0, -MOST_KEPT).map((one) => this.stop(one)));
    return true;
  }

  async end(): Promise<void> {
    const { idle } = this;
    this.idle = [];
    await Promise.all(idle.map((one) => this.stop(one)));
  }

  private async stop({ server, arm }: KeptServer): Promise<void> {
    try {
      await server.stop(patient(STOP_MS));
    } catch (error) {
      this.tell(`the server of arm ${arm}: ${(error as Error).message}`);
    }
  }
}

async function isSound(server: LastingServer): Promise<boolean> {
  try {
    return await server.isSound();
  } catch {
    return false;
  }
}

async function isAsNew(server: LastingServer): Promise<boolean> {
  try {
    return (await server.isSound()) && (await server.isEmptyWithin(patient(FORGET_MS)));
  } catch {
    return false;
  }
}
