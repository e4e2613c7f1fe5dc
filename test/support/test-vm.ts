/** What tests that boot a kernel have in common: the kernel at hand, a plan, and who is whose child. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { BootNews, BootPlan } from '../../src/vm/boot-plan.js';
import { eventually } from './eventually.js';
import { command, type Requirement } from './requirement.js';
import { shellGuest } from './shell-guest.js';

const variable = 'STUCKFS_TEST_KERNEL';

/** A bzImage, by the environment: Debian's cloud kernels from 6.12 on have all built in that these tests need. */
const kernelAtHand: Requirement = () =>
  process.env[variable] === undefined
    ? `no kernel to boot: set ${variable} to the vmlinuz of a Debian cloud kernel, 6.12 or later`
    : undefined;

export const bootable = [
  kernelAtHand,
  command('qemu-system-x86_64', 'qemu-system-x86'),
  command('busybox', 'busybox-static'),
];

export function testKernel(): { readonly release: string; readonly image: string } {
  const image = process.env[variable] ?? '';
  // A vmlinuz is named after its release, or lies in a directory that is.
  const release = [basename(image).replace(/^vmlinuz-/, ''), basename(join(image, '..'))];
  return { image, release: release.find((name) => /^\d+\.\d+/.test(name)) ?? '0.0' };
}

export interface TestVm {
  readonly directory: string;
  readonly news: BootNews[];
  /** Whose signal a plan has, unless it is given another. `remove` aborts it. */
  readonly controller: AbortController;
  /** Of a machine with one CPU and one job. */
  plan(job: string, more?: Partial<BootPlan>): BootPlan;
  /** Ends what the test has left behind, too. */
  remove(): Promise<void>;
}

export function testVm(): TestVm {
  const directory = mkdtempSync(join(tmpdir(), 'stuckfs-test-vm-'));
  const news: BootNews[] = [];
  const controller = new AbortController();
  return {
    directory,
    news,
    controller,
    plan: (job, more) => ({
      kernel: testKernel(),
      guest: shellGuest(directory),
      shape: { memoryMiB: 512, cpus: 1, numaNodes: 1 },
      accel: 'tcg',
      words: [job],
      out: join(directory, 'out'),
      deadlineGuestMs: 120_000,
      signal: controller.signal,
      progress: (told) => news.push(told),
      ...more,
    }),
    remove: async () => {
      controller.abort(new Error('the test has ended'));
      await eventually('no QEMU of this test is left', 20_000, () => qemusOf(process.pid).length === 0);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** The pids of the QEMUs that this process has started, and that have not ended. */
export function qemusOf(parent: number): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const [state, ppid] = fieldsOf(pid);
      return state !== 'Z' && Number(ppid) === parent && commOf(pid).startsWith('qemu-system');
    });
}

export function isRunning(pid: number): boolean {
  const [state] = fieldsOf(pid);
  return state !== undefined && state !== 'Z';
}

/** From the third of proc_pid_stat(5) on. */
function fieldsOf(pid: number): readonly string[] {
  const stat = quietly(`/proc/${pid}/stat`);
  return stat === '' ? [] : stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function commOf(pid: number): string {
  return quietly(`/proc/${pid}/comm`);
}

/** A process may end at any moment. */
function quietly(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
