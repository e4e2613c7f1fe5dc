/** A machine on which `qemu-system-x86_64` is a program that plays QEMU and its guest (fake-qemu-main.ts). */
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface FakedGuest {
  /** What a guest sends back: a run directory. */
  readonly run?: string;
  readonly status?: number;
  /** By a word of the job: another end of the guest. */
  readonly acts?: Readonly<Record<string, string>>;
}

export class FakedQemu {
  constructor(private readonly directory: string) {
    mkdirSync(join(directory, 'pids'), { recursive: true });
  }

  /** With QEMU first. */
  get path(): string {
    return `${this.directory}${delimiter}${process.env['PATH']}`;
  }

  /** What guests do that boot from now on. */
  acts({ run = '', status = 0, acts = {} }: FakedGuest): void {
    const main = fileURLToPath(new URL('fake-qemu-main.js', import.meta.url));
    const program = join(this.directory, 'qemu-system-x86_64');
    const lines = [
      '#!/bin/sh',
      '[ "$1" != --version ] || { echo "QEMU emulator version 7.2.0"; exit; }',
      `export FAKE_RUN='${run}' FAKE_STATUS=${status} FAKE_ACTS='${JSON.stringify(acts)}'`,
      `: >'${this.directory}/pids/'$$`,
      `exec '${process.execPath}' '${main}'`,
    ];
    writeFileSync(program, `${lines.join('\n')}\n`);
    chmodSync(program, 0o755);
  }

  /** Of all that were ever started. */
  pids(): number[] {
    return readdirSync(join(this.directory, 'pids')).map(Number);
  }
}
