/**
 * What a guest and its runner say to each other of memory that comes and goes, over a virtio-serial port that only a
 * machine with room for a DIMM has: one line of JSON asks, one line with the same id answers.  The guest names no device,
 * as its machine has one.  Both ends import this; it does nothing.
 */

export const hotplugPort = 'stuckfs.hotplug';

export interface HotplugRequest {
  /** Chosen by whoever asks: an answer to somebody who has gone away meanwhile is not taken for another. */
  readonly id: string;
  readonly ask: 'plug' | 'unplug';
}

const answers = ['plugged', 'unplugged', 'refused', 'no-answer', 'failed'] as const;

export interface HotplugAnswer {
  readonly id: string;
  readonly answer: (typeof answers)[number];
  /** QEMU's event or error. */
  readonly said: string;
  readonly dimmMiB: number;
}

function objectIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === 'object' && json !== null ? { ...json } : undefined;
  } catch {
    return undefined;
  }
}

/** Of a guest, which is not trusted. Undefined: no such line. */
export function parseHotplugRequest(text: string): HotplugRequest | undefined {
  const { id, ask } = objectIn(text) ?? {};
  if (typeof id !== 'string' || !/^[\w.-]{1,64}$/.test(id)) return undefined;
  return ask === 'plug' || ask === 'unplug' ? { id, ask } : undefined;
}

export function parseHotplugAnswer(text: string): HotplugAnswer | undefined {
  const { id, answer, said, dimmMiB } = objectIn(text) ?? {};
  const known = answers.find((one) => one === answer);
  if (typeof id !== 'string' || known === undefined) return undefined;
  if (typeof said !== 'string' || typeof dimmMiB !== 'number') return undefined;
  return { id, answer: known, said, dimmMiB };
}
