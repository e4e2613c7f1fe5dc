/**
 * The agent as a process in the guest: finds the three ports by name, reads the job, and serves it.
 * Authority: drivers/char/virtio_console.c; a port that the host has not opened reads as ended.
 */
import { openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type GuestJob, portNames, resultMs } from '../protocol.js';
import { serveJob } from './agent.js';

const POLL_MS = 50;
const portsDirectory = '/sys/class/virtio-ports';

/** It may still be on its way: the device tells its ports one by one. Whoever watches the guest bounds this. */
async function openPort(name: string, flags: 'r' | 'w'): Promise<number> {
  for (;;) {
    const found = ports().find((port) => port.name === name);
    if (found !== undefined) return openSync(`/dev/${found.device}`, flags);
    await delay(POLL_MS);
  }
}

function ports(): { device: string; name: string }[] {
  try {
    return readdirSync(portsDirectory).map((device) => ({
      device,
      name: readFileSync(`${portsDirectory}/${device}/name`, 'utf8').trim(),
    }));
  } catch {
    return [];
  }
}

async function readLine(fd: number): Promise<string> {
  const into = Buffer.alloc(65_536);
  let line = Buffer.alloc(0);
  while (!line.includes('\n')) {
    const count = readSync(fd, into);
    if (count === 0) await delay(POLL_MS);
    line = Buffer.concat([line, into.subarray(0, count)]);
  }
  return line.toString('utf8', 0, line.indexOf('\n'));
}

const log = await openPort(portNames.log, 'w');
const result = await openPort(portNames.result, 'w');
const jobPort = await openPort(portNames.job, 'r');
const job = JSON.parse(await readLine(jobPort)) as GuestJob;
const main = fileURLToPath(new URL('../../cli/main.js', import.meta.url));
await serveJob({ job, ports: { log, result }, stuckfs: [process.execPath, main] });
// What was written may be queued yet (port_fops_write() waits for no host), and a machine that is switched off loses it:
// the host ends this one once it has all.
await delay(2 * resultMs);
// A child of the job that hangs must not keep us.
process.exit(0);
