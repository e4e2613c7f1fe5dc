/**
 * The FUSE server of an arm that went to its end, still mounted: the next arm that wants the same of its server has it.
 * Starting a daemon, its serving thread and its watchdog, and ending them, is most of the work of an arm on a slow machine.
 * It is handed on as a new one is, empty and honest, or it is ended.
 */
import { isDeepStrictEqual } from 'node:util';
import { patient } from '../base/patience.js';
import type { Server, ServerConfig } from './server.js';

/** What arms must want alike of a server to have the same one. */
export type WantedServer = Omit<ServerConfig, 'mountPoint' | 'logFile'>;

export interface KeptServer {
  readonly server: Server;
  readonly mountPoint: string;
  /** The arm that it was started for: its log has that number. */
  readonly arm: number;
  readonly wanted: WantedServer;
}

/** For the kernel to forget the files of the arm before. */
const FORGET_MS = 2000;
const STOP_MS = 5000;

export class ServerKeeper {
  private idle: KeptServer | undefined;

  /** The one that is kept, where it is what is wanted; otherwise it is ended, and undefined. */
  async take(wanted: WantedServer): Promise<KeptServer | undefined> {
    const { idle } = this;
    if (idle !== undefined && isDeepStrictEqual(idle.wanted, wanted) && (await isSound(idle.server))) {
      this.idle = undefined;
      return idle;
    }
    await this.end();
    return undefined;
  }

  /**
   * After an arm that went to its end, and removed its files.
   * @returns whether it is kept; otherwise its end is the caller's
   */
  async giveBack(kept: KeptServer): Promise<boolean> {
    if (!(await isAsNew(kept.server))) return false;
    this.idle = kept;
    return true;
  }

  async end(): Promise<void> {
    const { idle } = this;
    this.idle = undefined;
    await idle?.server.stop(patient(STOP_MS));
  }
}

async function isSound(server: Server): Promise<boolean> {
  try {
    return await server.isSound();
  } catch {
    return false;
  }
}

async function isAsNew(server: Server): Promise<boolean> {
  try {
    return (await server.isSound()) && (await server.isEmptyWithin(patient(FORGET_MS)));
  } catch {
    return false;
  }
}
