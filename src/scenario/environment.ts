/** `environment.json`: what a reader needs to know of the machine to judge a run, or to repeat it. */
import { arch, availableParallelism, totalmem } from 'node:os';
import { guestFactsVariable } from '../base/guest-facts.js';
import { readKernelRelease } from '../kernel/kernel-release.js';
import { detectVirtualization } from '../kernel/virtualization.js';

/** Build options of the kernel that the figures depend on. */
const options = [
  'CONFIG_FUSE_FS',
  'CONFIG_COMPACTION',
  'CONFIG_MIGRATION',
  'CONFIG_TRANSPARENT_HUGEPAGE',
  'CONFIG_MEMORY_HOTPLUG',
  'CONFIG_MEMORY_HOTREMOVE',
  'CONFIG_MEMCG',
  'CONFIG_MEMCG_V1',
  'CONFIG_NUMA',
  'CONFIG_CMA',
  'CONFIG_PREEMPT_DYNAMIC',
];

export function describeEnvironment(facts: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { release, version, cmdline, config } = readKernelRelease();
  return {
    ...facts,
    kernel: { release, version, cmdline },
    config:
      config === undefined
        ? null
        : Object.fromEntries(options.map((name) => [name, config.get(name) ?? 'absent'])),
    machine: {
      arch: arch(),
      cpus: availableParallelism(),
      memoryBytes: totalmem(),
      ...detectVirtualization(),
    },
    ...guestFacts(),
    node: process.version,
    startedAt: new Date().toISOString(),
  };
}

/** What it is in, where stuckfs has booted it. */
function guestFacts(): Record<string, unknown> {
  const text = process.env[guestFactsVariable];
  if (text === undefined) return {};
  try {
    return { vm: JSON.parse(text) };
  } catch {
    return { vm: text };
  }
}
