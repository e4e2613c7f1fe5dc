/**
 * The kernel's command line for a machine shape. Pure.
 * Authority: Documentation/admin-guide/kernel-parameters.txt; arch/x86/include/asm/setup.h (COMMAND_LINE_SIZE 2048,
 * its NUL included; a longer one hung the boot).
 */
import { UsageError } from '../../base/errors.js';
import type { MachineShape } from '../machine-shape.js';

const longestBytes = 2047;

/** @throws {UsageError} for what the kernel would cut off or read as several parameters */
export function kernelCommandLine(shape: MachineShape, extra: readonly string[] = []): string {
  const bad = extra.find((word) => !/^[\x21-\x7e]+$/.test(word));
  if (bad !== undefined) throw new UsageError('kernel command line', bad, 'one parameter, without blanks');
  const { hugetlbCmaMiB, cmaMiB } = shape;
  const line = [
    'console=ttyS0',
    // Warnings are shown, what is only news is not: the console of a PC is slow.
    'loglevel=5',
    'printk.time=1',
    // At once, so that with -no-reboot QEMU ends by a panic even where the guest has no pvpanic.
    'panic=-1',
    // An emulated CPU leaks nothing that is worth its time, and its timers come late.
    'mitigations=off',
    'no_timer_check',
    // Nor has it time to write zeros over every page that is given: of a huge page of 1 GiB that took most of a minute.
    'init_on_alloc=0',
    // An aligned gibibyte is taken at boot, and a kernel that has been put at random into the only one keeps it.
    ...(hugetlbCmaMiB === undefined ? [] : [`hugetlb_cma=${hugetlbCmaMiB}M`, 'nokaslr']),
    ...(cmaMiB === undefined ? [] : [`cma=${cmaMiB}M`]),
    ...(hasPluggable(shape) ? ['memhp_default_state=online_movable'] : []),
    ...extra,
  ].join(' ');
  if (line.length > longestBytes)
    throw new UsageError(
      'kernel command line',
      line,
      `${line.length} bytes: the kernel takes at most ${longestBytes}`,
    );
  return line;
}

export function hasPluggable({ dimmMiB, hotplugDimmMiB, virtioMemMiB }: MachineShape): boolean {
  return dimmMiB !== undefined || hotplugDimmMiB !== undefined || virtioMemMiB !== undefined;
}
