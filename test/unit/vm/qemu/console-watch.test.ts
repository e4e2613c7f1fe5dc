/** Lines as kernels from 6.1 to 7.3 print them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ConsoleWatch } from '../../../../src/vm/qemu/console-watch.js';

function watched(text: string): ConsoleWatch & { readonly kinds: readonly string[] } {
  const watch = new ConsoleWatch();
  const kinds = watch.add(Buffer.from(text)).map(({ kind }) => kind);
  return Object.assign(watch, { kinds });
}

describe('the console', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['[    7.123456] Kernel panic - not syncing: sysrq triggered crash', ['panic']],
    ['[    7.1] Kernel panic - not syncing: x', []],
    ['Kernel panic - not syncing: No working init found.', ['panic']],
    ['[   12.345678][  T123] BUG: kernel NULL pointer dereference, address: 0000000000000008', ['oops']],
    ['[   12.345678] BUG: unable to handle page fault for address: ffffffffff600000', ['oops']],
    ['[   12.345678] Oops: 0002 [#1] PREEMPT SMP NOPTI', ['oops']],
    [
      '[   12.345678] Oops: general protection fault, probably for non-canonical address 0xdead: 0000 [#1] SMP',
      ['oops'],
    ],
    [
      '[   12.345678] general protection fault, probably for non-canonical address 0xdead: 0000 [#1] SMP',
      ['oops'],
    ],
    ['[   12.345678] invalid opcode: 0000 [#2] PREEMPT SMP', ['oops']],
    ['[   12.345678] kernel BUG at mm/migrate.c:684!', ['oops']],
    ['[   12.345678] BUG: Bad page state in process kcompactd0  pfn:12345', ['oops']],
    ['[   12.345678] traps: node[123] general protection fault ip:55 sp:7f error:0 in node[55]', []],
    ['[   12.345678] node[123]: segfault at 0 ip 000055 sp 00007f error 4 in node[55]', []],
    ['[   42.000000] watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [sh:91]', ['notice']],
    ['[   42.000000] BUG: workqueue lockup - pool cpus=0 node=0 flags=0x0 nice=0 stuck for 31s!', ['notice']],
    ['[  242.000000] INFO: task stuckfs:91 blocked for more than 120 seconds.', ['notice']],
    ['[   42.000000] rcu: INFO: rcu_preempt self-detected stall on CPU', ['notice']],
    ['[   42.000000] WARNING: CPU: 0 PID: 1 at mm/page_alloc.c:4600 __alloc_pages+0x1/0x2', ['notice']],
    ['[   42.000000] node invoked oom-killer: gfp_mask=0x140cca, order=0, oom_score_adj=0', ['notice']],
    ['[    1.000000] Run /init as init process', []],
    ['debug: BUG: is a word here', []],
  ];
  for (const [line, kinds] of cases)
    test(`${kinds[0] ?? 'nothing'}: ${line}`, () => {
      assert.deepEqual(watched(`${line}\r\n`).kinds, kinds);
    });

  test('comes in any pieces', () => {
    const text = Buffer.from('[    1.000000] ä\r\n[    2.500000] Kernel panic - not syncing: ü\r\n');
    for (let cut = 0; cut <= text.length; cut++) {
      const watch = new ConsoleWatch();
      watch.add(text.subarray(0, cut));
      watch.add(text.subarray(cut));
      assert.equal(watch.panic, 'Kernel panic - not syncing: ü');
      assert.equal(watch.stampNs, 2.5e9);
      assert.deepEqual(watch.tail, ['[    1.000000] ä', '[    2.500000] Kernel panic - not syncing: ü']);
    }
  });

  test('has an oops before a panic, and the end of its report', () => {
    const watch = watched('[    1.000000] Oops: 0000 [#1] SMP\n');
    assert.equal(watch.reportEnded, false);
    watch.add(Buffer.from('[    1.100000] ---[ end trace 0000000000000000 ]---\n'));
    assert.equal(watch.reportEnded, true);
    assert.equal(watch.panic, undefined);
    watch.add(Buffer.from('[    1.200000] Kernel panic - not syncing: Fatal exception\n'));
    assert.match(watch.oops ?? '', /^Oops: 0000/);
    assert.match(watch.panic ?? '', /Fatal exception/);
  });

  test('a warning alone ends no report', () => {
    assert.equal(watched('[    1.000000] ---[ end trace 0000000000000000 ]---\n').reportEnded, false);
  });

  test('has a short tail that drives no terminal', () => {
    const watch = watched('\u001b[2J\u001b[31mred\u001b[0m\u0007\u0000 \u202eend\u001b]0;title\u0007\nopen');
    assert.deepEqual(watch.tail, ['red end0;title', 'open']);
    for (let i = 0; i < 1000; i++) watch.add(Buffer.from(`line ${i}${'x'.repeat(5000)}\n`));
    assert.ok(watch.tail.length <= 61);
    assert.ok(watch.tail.every((line) => line.length <= 2048));
    assert.match(watch.tail.at(-1) ?? '', /^line 999x/);
  });
});
