/** The transports on which the kernel tests of faults run, and what each needs of the machine. */
import { devFuse, libfuse, type Requirement, root } from './requirement.js';

export interface TestTransport {
  readonly name: 'dev-fuse' | 'libfuse';
  /** Of `stuckfs mount`. */
  readonly options: readonly string[];
  readonly needs: readonly Requirement[];
}

export const devFuseTransport: TestTransport = { name: 'dev-fuse', options: [], needs: [root, devFuse] };

export const transports: readonly TestTransport[] = [
  devFuseTransport,
  { name: 'libfuse', options: ['--transport', 'libfuse'], needs: [root, devFuse, libfuse] },
];
