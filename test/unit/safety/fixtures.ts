/** A state root of our own, and a directory tree that stands for / with its /proc/sys and /sys. */
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Machine, thisMachine } from '../../../src/safety/machine.js';
import { eventually } from '../../support/eventually.js';

/** A directory (0700) that is removed after the test. */
export function temporaryDirectory(t: TestContext): string {
  const path = mkdtempSync(join(realpathSync(tmpdir()), 'stuckfs-safety-'));
  t.after(() => eventually(`${path} to be removed`, 15_000, () => isRemoved(path)));
  return path;
}

/** A process that ends may still make files in it, where it tidies up: its children are looked for each time. */
function isRemoved(path: string): boolean {
  try {
    rmSync(path, { recursive: true, force: true });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error;
    return false;
  }
}

/** A machine on which nobody has mounted tracefs. */
export const bareMounts = [
  '27 1 254:0 / / rw - ext4 /dev/vda rw',
  '22 27 0:21 / /proc rw - proc proc rw',
  '23 27 0:22 / /sys rw - sysfs sysfs rw',
];

export const plainMounts = [...bareMounts, '24 23 0:23 / /sys/kernel/tracing rw - tracefs tracefs rw'];

export interface FakeMachine extends Machine {
  readonly calls: string[];
  write(file: string, text: string): void;
  read(file: string): string;
  setMounts(lines: readonly string[]): void;
}

/** A machine whose files are plain ones, whose mounts are lines, and whose signals only leave a note. */
export function fakeMachine(t: TestContext, files: Readonly<Record<string, string>> = {}): FakeMachine {
  const root = temporaryDirectory(t);
  const calls: string[] = [];
  let nowMs = 0;
  const write = (file: string, text: string): void => {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  };
  const mountinfo = '/proc/self/mountinfo';
  const read = (file: string): string => readFileSync(join(root, file), 'utf8');
  const setMounts = (lines: readonly string[]): void =>
    write(mountinfo, lines.map((line) => `${line}\n`).join(''));
  setMounts(plainMounts);
  write('/proc/sys/vm/marker', '0\n');
  write('/sys/marker', '0\n');
  for (const [file, text] of Object.entries(files)) write(file, text);
  return {
    ...thisMachine,
    root,
    calls,
    write,
    read,
    setMounts,
    mount: (source, target, fsType) => {
      calls.push(`mount ${source} ${target} ${fsType}`);
      const lines = read(mountinfo).split('\n').slice(0, -1);
      setMounts([
        ...lines,
        `${100 + lines.length} 23 0:${90 + lines.length} / ${target} rw - ${fsType} ${source} rw`,
      ]);
      return 0;
    },
    umount2: (target, flags) => {
      calls.push(`umount2 ${target} ${flags}`);
      const lines = read(mountinfo).split('\n').slice(0, -1);
      const index = lines.findLastIndex((line) => line.split(' ')[4] === target);
      if (index < 0) return -22;
      setMounts(lines.toSpliced(index, 1));
      return 0;
    },
    kill: (target, signal) => {
      calls.push(`kill ${target.pid} ${signal}`);
      return 0;
    },
    nowMs: () => nowMs,
    sleep: async (ms) => {
      nowMs += ms;
    },
  };
}
