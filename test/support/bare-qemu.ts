/**
 * A guest under QEMU with nothing around it: no deadline in guest time, no watch over its console.  For tests of the
 * guest itself; TCG, one CPU.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Guest } from '../../src/vm/guest/guest.js';
import type { GuestKernel } from '../../src/vm/kernel.js';
import { type GuestJob, type GuestLine, parseGuestLine, portNames } from '../../src/vm/protocol.js';

export interface BareEnd {
  readonly status: number | null;
  readonly lines: readonly GuestLine[];
  readonly result: Buffer;
  readonly console: string;
}

/** @param directory for its files; a guest that takes longer than `deadlineMs` is killed */
export async function runBare(
  { kernel, guest, job }: { kernel: GuestKernel; guest: Guest; job: GuestJob },
  directory: string,
  deadlineMs: number,
): Promise<BareEnd> {
  const file = (name: string) => join(directory, name);
  const output = (id: string) => ['-chardev', `file,id=${id},path=${file(id)}`];
  const port = (id: 'job' | 'log' | 'result') => [
    '-device',
    `virtserialport,chardev=${id},name=${portNames[id]}`,
  ];
  const machine = '-M q35,max-ram-below-4g=1G -accel tcg,thread=single -cpu max -smp 1 -m 1G';
  const rest = '-no-reboot -nodefaults -display none -device pvpanic-pci -action panic=exit-failure';
  const qemu = spawn(
    'qemu-system-x86_64',
    [
      ...`${machine} ${rest}`.split(' '),
      ...['-kernel', kernel.image, '-initrd', guest.initrd],
      ...['-append', 'console=ttyS0 quiet panic=-1 mitigations=off no_timer_check'],
      ...['-drive', `file=${guest.image},format=raw,if=virtio,readonly=on`],
      ...['-chardev', 'stdio,id=job,signal=off', ...output('log'), ...output('result'), ...output('console')],
      ...['-serial', 'chardev:console', '-device', 'virtio-serial-pci'],
      ...[...port('job'), ...port('log'), ...port('result')],
    ],
    { stdio: ['pipe', 'ignore', 'inherit'] },
  );
  // Its standard input stays open: a port whose host has gone away ends.
  qemu.stdin.write(`${JSON.stringify(job)}\n`);
  const timer = setTimeout(() => qemu.kill('SIGKILL'), deadlineMs);
  const status = await new Promise<number | null>((resolve, reject) => {
    qemu.once('exit', resolve);
    qemu.once('error', reject);
  });
  clearTimeout(timer);
  const read = (name: string) => readFileSync(file(name));
  const lines = read('log')
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const parsed = parseGuestLine(line);
      if (parsed === undefined) throw new Error(`no line of the protocol: ${line}`);
      return parsed;
    });
  return { status, lines, result: read('result'), console: read('console').toString() };
}
