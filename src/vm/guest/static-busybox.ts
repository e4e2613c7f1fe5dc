/** The busybox of the guest: statically linked, for this architecture, and with what our scripts call. */
import { spawnSync } from 'node:child_process';
import { GuestError } from './guest-error.js';
import { neededApplets } from './init.js';
import { elfFactsOf, findTool } from './programs.js';

const remedy = 'run apt-get install busybox-static';

/** @throws {GuestError} */
export function findBusybox(path: string): string {
  const file = findTool('busybox', path);
  if (file === undefined) throw new GuestError('GUEST_PROGRAM', `busybox is missing: ${remedy}`);
  const facts = elfFactsOf(file);
  if (facts?.machine !== process.arch)
    throw new GuestError(
      'GUEST_PROGRAM',
      `${file} is for ${facts?.machine ?? 'no machine'}, not for ${process.arch}`,
    );
  if (!facts.isStatic) throw new GuestError('GUEST_PROGRAM', `${file} is not statically linked: ${remedy}`);
  const there = new Set(applets(file));
  const lacking = neededApplets.filter((name) => !there.has(name));
  if (lacking.length > 0)
    throw new GuestError('GUEST_PROGRAM', `${file} lacks ${lacking.join(', ')}: ${remedy}`);
  return file;
}

export function applets(busybox: string): string[] {
  const { stdout } = spawnSync(busybox, ['--list'], { encoding: 'utf8' });
  return (stdout ?? '').split('\n').filter((name) => name !== '' && name !== 'busybox');
}
