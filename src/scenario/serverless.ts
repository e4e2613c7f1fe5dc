/** What takes the place of a server in an arm whose folios are a filesystem's of the kernel, or nobody's. */
import type { ControlClient } from '../control/client/client.js';
import { ArmError } from './arm-context.js';
import type { ArmServer } from './server.js';

export class Serverless implements ArmServer {
  readonly workloadThrough = [];
  /** Of no device. */
  readonly device: string = '0:0';

  get client(): ControlClient {
    throw new ArmError('this arm has no FUSE server');
  }

  get connection(): number {
    throw new ArmError('this arm has no FUSE connection');
  }

  async kill(): Promise<void> {
    throw new ArmError('this arm has no FUSE server');
  }

  async isSound(): Promise<boolean> {
    return true;
  }

  async stop(_deadlineMs: number): Promise<void> {}
}
