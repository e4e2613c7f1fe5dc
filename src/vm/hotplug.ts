/**
 * Serves a guest that asks for its DIMM to be plugged in or out.  One request at a time, and nothing but that one DIMM of
 * the size that the machine's shape gives: what the guest says decides no more.
 */
import type { Socket } from 'node:net';
import { type HotplugAnswer, type HotplugRequest, parseHotplugRequest } from '../base/hotplug.js';
import { hotplugDimmId } from './qemu/command-line.js';
import { LineSplitter } from './qemu/line-splitter.js';
import { hasDimm, plugDimm, unplugDimm } from './qemu/pluggable-memory.js';
import { type QmpClient, QmpError } from './qemu/qmp.js';

const longestRequestChars = 256;
/** The guest moves all that lies in the DIMM first, and waits for what cannot be moved. */
const unplugMs = 240_000;

/** Until the port is closed. */
export function serveHotplug(port: Socket, qmp: QmpClient, dimmMiB: number): void {
  const lines = new LineSplitter(longestRequestChars);
  let last: Promise<void> = Promise.resolve();
  let waiting = 0;
  port.on('data', (bytes) => {
    for (const line of lines.add(bytes)) {
      const request = parseHotplugRequest(line);
      // Whoever asks waits for the answer: a second one in the line is somebody after a killed first one.
      if (request === undefined || waiting > 1) continue;
      waiting += 1;
      last = last.then(async () => {
        const answer = await answerTo(request, qmp, dimmMiB);
        waiting -= 1;
        port.write(`${JSON.stringify(answer)}\n`);
      });
    }
  });
}

async function answerTo(
  { id, ask }: HotplugRequest,
  qmp: QmpClient,
  dimmMiB: number,
): Promise<HotplugAnswer> {
  const told = (answer: HotplugAnswer['answer'], said: string): HotplugAnswer => ({
    id,
    answer,
    said,
    dimmMiB,
  });
  try {
    if (ask === 'plug') {
      if (await hasDimm(qmp, hotplugDimmId)) return told('plugged', 'it is there');
      await plugDimm(qmp, hotplugDimmId, dimmMiB);
      return told('plugged', 'device_add');
    }
    const ended = await unplugDimm(qmp, unplugMs, hotplugDimmId);
    switch (ended.kind) {
      case 'unplugged':
        return told('unplugged', 'DEVICE_DELETED');
      case 'refused':
        return told('refused', ended.event);
      case 'no-answer':
        return told('no-answer', `no event within ${unplugMs / 1000} s`);
    }
  } catch (error) {
    if (error instanceof QmpError) return told('failed', error.message);
    throw error;
  }
}
