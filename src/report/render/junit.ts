/**
 * JUnit XML as CI servers read it (test/schemas/junit.xsd).  A skip is <skipped>, what the harness could not tell is
 * <error>, an outcome other than expected is <failure>: of type `hang` where the trigger hung until it was let go and
 * should not have.
 * Only what the run says is in it: no time of day, no host name.
 */
import type { RunJson, Verdict } from '../run-json.js';
import { attributes, escaped } from './markup.js';
import { type TestCase, testCases } from './test-case.js';

export function renderJunit(run: RunJson): string {
  const cases = testCases(run);
  const { skipped: _, ...counts } = countsOf(cases);
  const names = [...new Set(cases.map(({ suite }) => suite))];
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes({ name: 'stuckfs', ...counts })}>`,
    ...names.flatMap((name) =>
      suiteLines(
        name,
        cases.filter(({ suite }) => suite === name),
        run,
      ),
    ),
    '</testsuites>',
    '',
  ].join('\n');
}

function countsOf(cases: readonly TestCase[]) {
  const count = (verdict: Verdict) => cases.filter((one) => one.verdict === verdict).length;
  return {
    tests: cases.length,
    failures: count('fail'),
    errors: count('unknown'),
    skipped: count('skip'),
    time: seconds(cases.reduce((sum, { durationMs }) => sum + durationMs, 0)),
  };
}

function suiteLines(name: string, cases: readonly TestCase[], run: RunJson): string[] {
  const properties = { stuckfs: run.stuckfs, kernel: run.kernel, on: run.on, seed: run.seed };
  return [
    `  <testsuite${attributes({ name: `stuckfs.${name}`, ...countsOf(cases) })}>`,
    '    <properties>',
    ...Object.entries(properties).map(
      ([property, value]) => `      <property${attributes({ name: property, value })}/>`,
    ),
    '    </properties>',
    ...cases.flatMap(caseLines),
    '  </testsuite>',
  ];
}

function caseLines({ name, suite, durationMs, ...one }: TestCase): string[] {
  const head = attributes({ name, classname: `stuckfs.${suite}`, time: seconds(durationMs) });
  return [`    <testcase${head}>`, ...resultLines(one), '    </testcase>'];
}

function resultLines({
  verdict,
  message,
  failureType,
  details,
}: Omit<TestCase, 'name' | 'suite' | 'durationMs'>) {
  const text = details.map(escaped).join('\n');
  switch (verdict) {
    case 'pass':
      return [`      <system-out>${text}</system-out>`];
    case 'skip':
      return [`      <skipped${attributes({ message })}/>`];
    case 'fail':
      return [`      <failure${attributes({ type: failureType, message })}>${text}</failure>`];
    case 'unknown':
      return [`      <error${attributes({ type: 'unknown', message })}>${text}</error>`];
  }
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}
