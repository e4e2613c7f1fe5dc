/**
 * KTAP version 1 as kselftest prints it (Documentation/dev-tools/ktap.rst, tools/testing/selftests/kselftest.h).
 * What is unknown is `not ok`, as a harness that could not tell has not passed.  Diagnostics of a test come before
 * its line.
 */
import type { RunJson, Verdict } from '../run-json.js';
import { oneLine } from './one-line.js';
import { type TestCase, testCases } from './test-case.js';

export function renderKtap(run: RunJson): string {
  const cases = testCases(run);
  const head = `stuckfs ${run.stuckfs}, kernel ${run.kernel}, on ${run.on}, seed ${run.seed}`;
  const lines = ['KTAP version 1', `1..${cases.length}`, diagnostic(head)];
  for (const [index, one] of cases.entries()) lines.push(...testLines(one, index + 1));
  const count = (verdict: Verdict) => cases.filter((one) => one.verdict === verdict).length;
  lines.push(
    `# Totals: pass:${count('pass')} fail:${count('fail')} xfail:0 xpass:0 skip:${count('skip')} error:${count('unknown')}`,
  );
  return `${lines.join('\n')}\n`;
}

function testLines({ name, verdict, message, failureType, details }: TestCase, number: number): string[] {
  switch (verdict) {
    case 'skip':
      return [`ok ${number} ${name} # SKIP ${reasonIn(message)}`];
    case 'pass':
      return [...details.map(diagnostic), `ok ${number} ${name}`];
    case 'fail':
      return [
        diagnostic(`FAIL (${failureType}): ${message}`),
        ...details.map(diagnostic),
        `not ok ${number} ${name}`,
      ];
    case 'unknown':
      return [diagnostic(`UNKNOWN: ${message}`), ...details.map(diagnostic), `not ok ${number} ${name}`];
  }
}

function diagnostic(text: string): string {
  return `# ${oneLine(text)}`;
}

/** In a result line a `#` begins a directive. */
function reasonIn(text: string): string {
  return oneLine(text).replaceAll('#', '_');
}
