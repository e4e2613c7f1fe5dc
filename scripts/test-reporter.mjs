/**
 * A node:test reporter for scripts/test.mjs: one JSON line for each test that counts, and a last line `end`
 * by which the runner knows that the file came to its end by itself.
 * A suite counts only where no test inside it says the same: when it is skipped, or when it failed itself.
 */
import { inspect } from 'node:util';

/** @param {AsyncIterable<{ type: string, data: any }>} source events of node:test */
export default async function* report(source) {
  const path = [];
  for await (const { type, data } of source) {
    if (type === 'test:start') {
      path.length = data.nesting;
      path.push(data.name);
    }
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const failure = data.details?.error?.failureType;
    const unproven = data.skip !== undefined || data.todo !== undefined;
    if (data.details?.type === 'suite') {
      const failedItself = type === 'test:fail' && failure !== 'subtestsFailed';
      if (!unproven && !failedItself) continue;
    }
    const line = {
      name: [...path.slice(0, data.nesting), data.name].join(' > '),
      durationMs: data.details?.duration_ms ?? 0,
    };
    if (unproven) yield json({ ...line, outcome: 'skipped', reason: reasonOf(data) });
    else if (type === 'test:pass') yield json({ ...line, outcome: 'passed' });
    else yield json({ ...line, outcome: 'failed', error: errorOf(data.details?.error) });
  }
  yield json({ end: true });
}

function json(value) {
  return `${JSON.stringify(value)}\n`;
}

function reasonOf({ skip, todo }) {
  if (todo !== undefined) return typeof todo === 'string' && todo !== '' ? `todo: ${todo}` : 'todo';
  return typeof skip === 'string' && skip !== '' ? skip : 'no reason given';
}

function errorOf(error) {
  const cause = error?.cause ?? error;
  if (typeof cause === 'string') return cause;
  // The message of an AssertionError holds the difference already.
  return cause?.code === 'ERR_ASSERTION' ? cause.stack : inspect(cause, { depth: 6 });
}
