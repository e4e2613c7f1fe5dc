/** A child for tests, on the same channel as the real ones. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { serveCommands } from '../../../src/base/child-port.js';

process.stderr.write('a word on stderr\n');
serveCommands({
  add: ({ a, b }: { a: number; b: number }) => a + b,
  fail: () => {
    throw new Error('it said no');
  },
  silence: () => new Promise(() => setInterval(() => undefined, 1000)),
  exit: (status: number) => process.exit(status),
  /** One thread after the other begins and ends. */
  threads: async (count: number) => {
    for (let made = 0; made < count; made++) await once(new Worker('', { eval: true }), 'exit');
  },
  /** Never comes back to read its input: as a child in D state. */
  spin: (_: null, begins: () => void) => {
    begins();
    for (;;);
  },
});
