import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { CleanupError, CleanupStack } from '../../../src/safety/cleanup-stack.js';

const built = JSON.stringify(new URL('../../../src/safety/cleanup-stack.js', import.meta.url).href);

test('it runs once, last in first out, and goes on after a failure', async () => {
  const stack = new CleanupStack();
  const order: string[] = [];
  stack.defer('first', () => {
    order.push('first');
  });
  stack.defer('second', () => {
    order.push('second');
    throw new Error('no');
  });
  stack.defer('third', async () => {
    await new Promise((resolve) => setImmediate(resolve));
    order.push('third');
  });
  const [failures, again] = await Promise.all([stack.run(), stack.run()]);
  assert.deepEqual(order, ['third', 'second', 'first']);
  assert.deepEqual(
    failures.map(({ name }) => name),
    ['second'],
  );
  assert.equal(again, failures);
  await assert.rejects(stack[Symbol.asyncDispose](), CleanupError);
  assert.deepEqual(order, ['third', 'second', 'first']);
  assert.throws(() => stack.defer('late', () => undefined), CleanupError);
});

async function runScript(body: string, act: (child: ReturnType<typeof spawn>) => void) {
  const script = `
    import { CleanupStack, cleanUpOnExit } from ${built};
    const stack = new CleanupStack();
    cleanUpOnExit(stack, (cause) => console.log(cause.kind));
    stack.defer('slow', async () => {
      console.log('begun');
      await new Promise((resolve) => setTimeout(resolve, 300));
      console.log('cleaned');
    });
    setInterval(() => {}, 1000);
    console.log('ready');
    ${body}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (child.stdout === null) assert.fail('no stdout');
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
    act(child);
  });
  const [status, signal] = await once(child, 'close');
  return { status, signal, lines: text.trim().split('\n') };
}

for (const [signal, status] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  test(`${signal}, even twice, cleans up once and then ends with ${status}`, async () => {
    // Once when it is ready, and again at each word it says, so also during the cleanup.
    const result = await runScript('', (child) => child.kill(signal));
    assert.deepEqual(result, { status, signal: null, lines: ['ready', 'signal', 'begun', 'cleaned'] });
  });
}

for (const [name, body] of [
  ['an exception that nobody caught', "setTimeout(() => { throw new Error('x'); });"],
  ['a rejection that nobody handled', "void Promise.reject(new Error('x'));"],
] as const) {
  test(`${name} cleans up and then ends with 1`, async () => {
    const result = await runScript(body, () => undefined);
    assert.deepEqual(result, { status: 1, signal: null, lines: ['ready', 'exception', 'begun', 'cleaned'] });
  });
}
