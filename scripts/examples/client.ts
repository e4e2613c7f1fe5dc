/**
 * Drives a mounted stuckfs by the package's own client: holds the 64 WRITE requests of one file, lets half of them go,
 * newest first, then the rest, and compares what was written with what the server has.
 * usage: node dist/scripts/examples/client.js MOUNTPOINT SOCKET
 * Exit: 0 byte-exact; 1 not, or something did not come in time.
 */
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ControlEvent, connect } from 'stuckfs';

const pageBytes = 4096;
const requests = 64;
const timeoutMs = 10_000;
const path = '/example-client';

async function drive(mountPoint: string, socketPath: string, work: string): Promise<boolean> {
  const client = connect({ socketPath });
  const file = join(mountPoint, path);
  // A WRITE request covers dirty pages in a row, so every other page is left out: 64 pages make 64 requests.
  const pages = Array.from({ length: 2 * requests - 1 }, (_, page) =>
    page % 2 === 0 ? randomBytes(pageBytes) : Buffer.alloc(pageBytes),
  );
  const data = Buffer.concat(pages);
  writeFileSync(join(work, 'data'), data);

  const { id } = await client.addFault({ match: { opcodes: ['WRITE'], path }, action: { type: 'hold' } });
  try {
    // fsync(2) does not return while its WRITE requests are held: in a child.
    const words = [`if=${join(work, 'data')}`, `of=${file}`, 'bs=4096', 'conv=sparse,fsync', 'status=none'];
    const writer = spawn('dd', words, { stdio: 'inherit' });
    const written = once(writer, 'exit');

    console.log('held:', await client.waitForHeld({ requests, opcode: 'FUSE_WRITE', path, timeoutMs }));
    for (const { unique, offset, size, reason } of (await client.held({ path, limit: 2 })).held) {
      console.log(`  unique ${unique}: ${size} bytes at ${offset}, ${reason}`);
    }

    // The first event is the state as it is now, so nothing is missed between asking and listening.
    for await (const event of client.events({ signal: AbortSignal.timeout(timeoutMs) })) {
      console.log(`event ${event.id}:`, event.event, JSON.stringify(event.data).slice(0, 100));
      if (event.event === 'state') {
        await client.release({ path, count: requests / 2, order: 'reversed' });
      } else if (isHeld(event, requests / 2)) {
        console.log('the writer waits:', writer.exitCode === null);
        await client.removeFault(id);
        console.log('released:', await client.release({ path }));
      } else if (isHeld(event, 0)) break;
    }
    const [status] = await written;
    if (status !== 0) return false;
  } catch (error) {
    // However this ends, nobody is left waiting.
    await client.removeFault(id).catch(() => undefined);
    await client.release({ path });
    throw error;
  }
  // Past the page cache: what the server has.
  const read = spawnSync('dd', [`if=${file}`, 'iflag=direct', 'bs=64k', 'status=none']);
  return read.status === 0 && data.equals(read.stdout);
}

function isHeld(event: ControlEvent, amount: number): boolean {
  return event.event === 'held' && event.data.requests === amount;
}

const [mountPoint, socketPath] = process.argv.slice(2);
if (mountPoint === undefined || socketPath === undefined) {
  console.error('usage: client.js MOUNTPOINT SOCKET');
  process.exit(1);
}
const work = mkdtempSync(join(tmpdir(), 'stuckfs-example-'));
try {
  const exact = await drive(mountPoint, socketPath, work);
  console.log(exact ? 'byte-exact' : 'the data differs');
  process.exitCode = exact ? 0 : 1;
} finally {
  rmSync(work, { recursive: true });
}
