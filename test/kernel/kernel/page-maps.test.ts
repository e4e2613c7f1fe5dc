/** The page maps of the running kernel, on memory of this very process. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readKpagecountOf } from '../../../src/kernel/kpagecount.js';
import { hasKpf, readKpageflags, readKpageflagsOf, scanKpageflags } from '../../../src/kernel/kpageflags.js';
import { PagemapFlag, readPagemap } from '../../../src/kernel/pagemap.js';
import { readZoneinfo } from '../../../src/kernel/zoneinfo.js';
import { requires, root } from '../../support/requirement.js';

const pageBytes = 4096;

interface Mapping {
  readonly start: number;
  readonly nrPages: number;
}

/** The anonymous mapping of this process that /proc/self/maps gives this name. */
function mappingOf(name: string): Mapping {
  const line = readFileSync('/proc/self/maps', 'utf8')
    .split('\n')
    .find((candidate) => candidate.endsWith(name));
  const [start, end] = (/^([0-9a-f]+)-([0-9a-f]+) /.exec(line ?? '') ?? [])
    .slice(1)
    .map((hex) => Number.parseInt(hex, 16));
  assert.ok(start !== undefined && end !== undefined, `${name} in /proc/self/maps`);
  return { start, nrPages: (end - start) / pageBytes };
}

for (const name of ['[heap]', '[stack]']) {
  test(
    `present pages of ${name} are anonymous, mapped frames of one of the machine's zones`,
    requires(root),
    () => {
      const { start, nrPages } = mappingOf(name);
      const range = readPagemap('self', start, nrPages);
      const zones = readZoneinfo();
      const pfns = [...range.pfns].filter((pfn) => pfn >= 0);
      const present = [...range.flags].filter((flags) => (flags & PagemapFlag.PRESENT) !== 0);
      assert.ok(pfns.length > 0);
      assert.equal(pfns.length, present.length);
      assert.ok(present.every((flags) => (flags & PagemapFlag.FILE) === 0));
      for (const pfn of pfns) {
        const zone = zones.find(
          ({ startPfn, spanned }) => startPfn !== undefined && pfn >= startPfn && pfn < startPfn + spanned,
        );
        assert.ok(zone !== undefined, `frame ${pfn} in a zone`);
      }
      const flags = [...readKpageflagsOf(pfns)];
      const anonymous = flags.filter((bits) => hasKpf(bits, 'ANON') && hasKpf(bits, 'MMAP'));
      // The process runs on while this looks, so a page may move or be freed in between.
      assert.ok(
        anonymous.length >= pfns.length * 0.9,
        `${anonymous.length} of ${pfns.length} frames are anonymous`,
      );
      const counts = [...readKpagecountOf(pfns)];
      assert.ok(counts.filter((count) => count >= 1n).length >= pfns.length * 0.9);
    },
  );
}

test(
  'a scan over a range sees what a read of the range sees, and ends with the machine',
  requires(root),
  () => {
    const zone = readZoneinfo().findLast((candidate) => candidate.startPfn !== undefined);
    assert.ok(zone?.startPfn !== undefined);
    const end = zone.startPfn + zone.spanned;
    const start = end - 2048;
    // Bits that no use of the memory changes while this runs.
    const isHole = (bits: bigint) => hasKpf(bits, 'NOPAGE');
    const read = [...readKpageflags(start, 2048)].map(isHole);
    const scanned: boolean[] = [];
    assert.equal(
      scanKpageflags(start, 2048, (_pfn, low, high) =>
        scanned.push(isHole((BigInt(high >>> 0) << 32n) | BigInt(low >>> 0))),
      ),
      2048,
    );
    assert.deepEqual(scanned, read);
    assert.ok(scanKpageflags(0, end * 2, () => undefined) < end * 2);
  },
);
