/**
 * Requirements of this process: its runtime, its privilege, and whether the machine under it may be lost.
 */
import { readProcStatus } from '../proc-status.js';
import { readStack } from '../stacks.js';
import { detectVirtualization } from '../virtualization.js';
import { type Finding, limited, lookAt, missing, ok, type Requirement } from './requirement.js';

/** package.json's `engines`. */
const nodeMinimum = [20, 19] as const;
/** Bit of include/uapi/linux/capability.h. */
const CAP_SYS_ADMIN = 21n;

export function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const enough = major > nodeMinimum[0] || (major === nodeMinimum[0] && minor >= nodeMinimum[1]);
  return enough ? ok(version) : missing(version, `install Node ${nodeMinimum.join('.')} or later`);
}

export function checkPrivilege(effectiveUid: number, capEff: bigint): Finding {
  if (((capEff >> CAP_SYS_ADMIN) & 1n) === 1n) return ok(`uid ${effectiveUid} with CAP_SYS_ADMIN`);
  if (effectiveUid !== 0) return missing(`effective uid ${effectiveUid}`, 'run it with sudo');
  return missing('root without CAP_SYS_ADMIN', 'start the container with --privileged');
}

export const processRequirements: readonly Requirement[] = [
  { requirement: 'Node', neededFor: ['mount', 'compact'], check: () => checkNode(process.versions.node) },
  {
    requirement: 'C library',
    neededFor: ['mount', 'compact'],
    check: async () => {
      try {
        // koffi is a binary for each platform: where there is none, the import fails.
        await import('../../syscall/libc.js');
        return ok('loaded through koffi');
      } catch (error) {
        return missing(
          `koffi: ${(error as Error).message}`,
          'npm install, on a platform that koffi has a binary for',
        );
      }
    },
  },
  {
    requirement: 'privilege',
    neededFor: ['mount', 'compact'],
    check: () => {
      const { uids, capEff } = readProcStatus('self');
      return checkPrivilege(uids[1], capEff);
    },
  },
  {
    requirement: 'kernel stacks',
    neededFor: ['compact'],
    check: () =>
      lookAt('a kernel with CONFIG_STACKTRACE=y', () => {
        readStack('self');
        return ok('/proc/PID/stack is readable');
      }),
  },
  {
    requirement: 'disposable machine',
    neededFor: ['compact'],
    optional: true,
    check: () => {
      const { guest, container, evidence } = detectVirtualization();
      const sign = evidence[0] ?? '';
      if (guest) return ok(`VM guest: ${sign}`);
      const remedy = 'prefer a VM that may be lost: a wedge can need a reboot';
      if (container) return limited(`container, which shares its kernel: ${sign}`, remedy);
      return limited('no sign of a VM', remedy);
    },
  },
];
