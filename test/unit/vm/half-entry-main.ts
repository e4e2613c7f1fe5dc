/** Begins an entry of the cache, says so, and never ends by itself: argv is the directory. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { cacheEntry } from '../../../src/vm/cache.js';

await cacheEntry(process.argv[2] ?? '', 'thing', { progress: () => undefined }, async (directory) => {
  writeFileSync(join(directory, 'half'), 'half');
  process.stdout.write('half\n');
  await pause(600_000);
});
