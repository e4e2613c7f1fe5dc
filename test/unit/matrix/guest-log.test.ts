import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GuestLog } from '../../../src/matrix/guest-log.js';

test('what a guest says is told and kept, its report only kept, and nothing of it controls a terminal', () => {
  const told: string[] = [];
  const log = new GuestLog((line) => told.push(`${line}\n`));
  log.hear({ kind: 'line', stream: 'stderr', line: '[  1.5s] arm \u001b[2Jbegan', guestNs: 2.5e9 });
  log.hear({ kind: 'line', stream: 'stdout', line: 'verdict: pass', guestNs: 3e9 });
  log.hear({ kind: 'kernel', line: 'soft lockup' });
  assert.match(told.join(''), /guest: arm [^\n]*began\n.*the guest's kernel: soft lockup\n$/);
  assert.ok(!told.join('').includes('\u001b') && !told.join('').includes('verdict'));
  assert.match(log.text(), /^\[ {4}2\.500\] stderr: .*began\n\[ {4}3\.000\] stdout: verdict: pass\nkernel: /);
  assert.match(log.last, /began$/);
});

test('of a guest that says too much the end is not kept, and how much that was is told', () => {
  const log = new GuestLog(() => {});
  const line = 'x'.repeat(1 << 20);
  for (let count = 0; count < 12; count++) log.hear({ kind: 'line', stream: 'stdout', line, guestNs: 1 });
  const text = log.text();
  assert.ok(text.length <= (8 << 20) + 100, `${text.length}`);
  assert.match(text.slice(-100), /\n\((\d) lines more were not kept\)\n$/);
  assert.equal(text.split('\n').length - 2 + Number(/\((\d) lines/.exec(text)?.[1]), 12);
});
