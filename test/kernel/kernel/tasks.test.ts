/** Tasks of the running kernel: this process, and a child that waits. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { isSameProcess, readProcStat } from '../../../src/kernel/proc-stat.js';
import { hasPendingSignal, readProcStatus } from '../../../src/kernel/proc-status.js';
import { listPids, tasksInState } from '../../../src/kernel/processes.js';
import { readStack, readTaskStacks } from '../../../src/kernel/stacks.js';
import { requires, root } from '../../support/requirement.js';

test(
  'a child that is stopped has a stack, a signal pending that it cannot take, and is not itself once gone',
  requires(root),
  async (t) => {
    const child = spawn('sleep', ['60'], { stdio: 'ignore' });
    t.after(() => child.kill('SIGKILL'));
    await once(child, 'spawn');
    const { pid } = child;
    assert.ok(pid !== undefined);
    child.kill('SIGSTOP');
    const deadline = Date.now() + 5000;
    while (readProcStat(pid).state !== 'T' && Date.now() < deadline)
      await new Promise((resolve) => setImmediate(resolve));

    const { starttime, ppid } = readProcStat(pid);
    assert.equal(ppid, process.pid);
    assert.equal(hasPendingSignal(readProcStatus(pid), 15), false);
    child.kill('SIGTERM');
    assert.equal(hasPendingSignal(readProcStatus(pid), 15), true);
    assert.ok(listPids().includes(pid));
    const [task] = tasksInState('T', '/', [pid]);
    assert.equal(task?.tid, pid);
    assert.equal(task?.comm, 'sleep');
    assert.ok(task?.stack?.some((frame) => frame.symbol.includes('do_signal_stop')));
    assert.deepEqual(readTaskStacks(pid)[0]?.frames, readStack(pid));

    assert.equal(isSameProcess(pid, starttime), true);
    child.kill('SIGKILL');
    await once(child, 'exit');
    assert.equal(isSameProcess(pid, starttime), false);
  },
);
