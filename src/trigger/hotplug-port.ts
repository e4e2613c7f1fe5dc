/**
 * The guest's end of the port over which memory is asked for and given back (base/hotplug.ts): finds it, asks, and waits
 * for the answer for as long as that takes; a signal ends it.
 * Authority: drivers/char/virtio_console.c; a port that the host has not opened reads as ended.
 */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type HotplugAnswer, type HotplugRequest, hotplugPort, parseHotplugAnswer } from '../base/hotplug.js';
import { isMissing, listKernelDirectory, readKernelFileIfPresent } from '../kernel/kernel-file.js';

const directory = '/sys/class/virtio-ports';

/** The device's name below /dev; undefined where this machine has no such port. */
export function findHotplugPort(root = '/'): string | undefined {
  return listPorts(root).find(
    (device) => readKernelFileIfPresent(`${directory}/${device}/name`, root)?.trim() === hotplugPort,
  );
}

function listPorts(root: string): readonly string[] {
  try {
    return listKernelDirectory(directory, root);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** @throws {Error} where there is no port, or nobody at its other end */
export function askForHotplug(ask: HotplugRequest['ask']): HotplugAnswer {
  const device = findHotplugPort();
  if (device === undefined) throw new Error(`there is no port ${hotplugPort}`);
  const fd = openSync(join('/dev', device), 'r+');
  try {
    const id = `${process.pid}-${process.hrtime.bigint()}`;
    writeSync(fd, `${JSON.stringify({ id, ask })}\n`);
    return readAnswer(fd, id);
  } finally {
    closeSync(fd);
  }
}

function readAnswer(fd: number, id: string): HotplugAnswer {
  const into = Buffer.alloc(4096);
  for (let text = ''; ; ) {
    const count = readSync(fd, into);
    if (count === 0) throw new Error(`nobody answers on ${hotplugPort}`);
    const lines = `${text}${into.toString('utf8', 0, count)}`.split('\n');
    text = lines.pop() ?? '';
    const answer = lines.map(parseHotplugAnswer).find((one) => one?.id === id);
    if (answer !== undefined) return answer;
  }
}
