/** The kernel's log on the running kernel. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { KmsgReader } from '../../../src/kernel/kmsg.js';
import { requires, root } from '../../support/requirement.js';

test('what is logged after the reader was made is read, and what was before is not', requires(root), (t) => {
  const mark = `stuckfs-test ${process.pid}`;
  writeFileSync('/dev/kmsg', `<6>${mark} before\n`);
  const reader = KmsgReader.open();
  t.after(() => reader.close());
  writeFileSync('/dev/kmsg', `<5>${mark} after\\\n`);
  const mine = reader.readNew().filter((record) => record.text.startsWith(mark));
  assert.deepEqual(
    mine.map(({ text, level, lostBefore }) => [text, level, lostBefore]),
    [[`${mark} after\\`, 5, 0]],
  );
  assert.ok(mine[0] !== undefined && mine[0].facility > 0, 'a message of a process, not of the kernel');
});
