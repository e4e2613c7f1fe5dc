/**
 * Runs the tests and counts them: node scripts/test.mjs [check] [unit] [kernel] [vm] [--filter REGEXP].
 * Each test file is a process group of its own with a deadline enforced from here (process-group.mjs).
 * The last line is always `N passed, N failed, N skipped`; the exit status is 1 if anything failed, also when
 * a suite had no file, since nothing run is nothing shown.  Needs no terminal and no standard input.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { killAllGroups } from './process-group.mjs';
import { runJob, suites } from './test-suites.mjs';

const usage = `usage: node scripts/test.mjs SUITE... [--filter REGEXP] [--deadline SECONDS] [--total SECONDS]
  SUITE       ${Object.keys(suites).join(', ')}
  --filter    only the files whose name (suite/room/thing.test.js) matches
  --deadline  for each file, instead of the suite's own
  --total     for everything; what has not started by then has failed (default 4800)
  --root      the checkout whose dist/test is run (default: this one)`;

/** Of a failed file's own output, this much is shown. */
const shownOutputChars = 16_384;

class UsageError extends Error {}

const print = (line) => process.stdout.write(`${line}\n`);
const seconds = (ms) => `${(ms / 1000).toFixed(2)} s`;
const count = (tests, outcome) => tests.filter((test) => test.outcome === outcome).length;
const indent = (text) => text.replaceAll(/^/gm, '      ');

function options() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      filter: { type: 'string', default: '' },
      deadline: { type: 'string' },
      total: { type: 'string', default: '4800' },
      root: { type: 'string', default: fileURLToPath(new URL('..', import.meta.url)) },
    },
  });
  const unknown = positionals.filter((name) => !Object.hasOwn(suites, name));
  if (unknown.length > 0) throw new UsageError(`no such suite: ${unknown.join(', ')}`);
  if (positionals.length === 0) throw new UsageError('no suite given');
  const limitMs = (name) => {
    const value = Number(values[name]) * 1000;
    if (!(value > 0)) throw new UsageError(`--${name}: ${values[name]}: not a number of seconds`);
    return value;
  };
  return {
    names: [...new Set(positionals)],
    filter: new RegExp(values.filter),
    deadlineMs: values.deadline === undefined ? undefined : limitMs('deadline'),
    totalMs: limitMs('total'),
    root: values.root,
  };
}

async function runSuite(name, { filter, deadlineMs, root, scratch, endsAt }) {
  const suite = suites[name];
  const limitMs = deadlineMs ?? suite.deadlineMs;
  const queue = suite.jobs(name, root, scratch).filter((job) => filter.test(job.name));
  print(`# ${name}: ${queue.length} to run, ${suite.atOnce} at a time, ${limitMs / 1000} s each`);
  // By the place in the queue: which of two ends first depends on the load, and the summary must not.
  const results = [];
  let next = 0;
  let stopped;
  const worker = async () => {
    for (let place = next++; place < queue.length; place = next++) {
      const job = queue[place];
      const leftMs = endsAt - performance.now();
      if (leftMs <= 0) stopped ??= 'the time for all tests is used up';
      const result = stopped
        ? notRun(job.name, stopped)
        : await runJob(job, { root, scratch, deadlineMs: Math.min(limitMs, leftMs) });
      if (result.stuck) stopped = `${job.name} left a process that cannot be killed`;
      results[place] = result;
      printJob(result);
    }
  };
  await Promise.all(Array.from({ length: suite.atOnce }, worker));
  return results;
}

function notRun(name, why) {
  const tests = [{ name, durationMs: 0, outcome: 'failed', error: `not run: ${why}` }];
  return { name, durationMs: 0, tests, output: '', stuck: false };
}

function printJob({ name, durationMs, tests, output }) {
  const failed = tests.filter((test) => test.outcome === 'failed');
  const skipped = count(tests, 'skipped');
  const counts = [
    `${count(tests, 'passed')} passed`,
    ...(failed.length > 0 ? [`${failed.length} failed`] : []),
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
  ];
  print(`${failed.length > 0 ? 'FAIL' : 'ok  '}  ${name} (${counts.join(', ')}; ${seconds(durationMs)})`);
  for (const test of failed) print(`    failed: ${test.name}\n${indent(test.error)}`);
  if (failed.length > 0 && output.trim() !== '') {
    const cut = output.length > shownOutputChars ? `, last ${shownOutputChars} characters` : '';
    print(`    output${cut}:\n${indent(output.slice(-shownOutputChars).trimEnd())}`);
  }
}

function printSummary(results) {
  const tests = results.flatMap((job) => job.tests.map((test) => ({ ...test, file: job.name })));
  const skipped = new Map();
  for (const test of tests.filter((one) => one.outcome === 'skipped'))
    skipped.set(test.reason, [...(skipped.get(test.reason) ?? []), test]);
  if (skipped.size > 0) print('\n# skipped, by what is missing');
  for (const [reason, group] of skipped) {
    print(`${reason} (${group.length})`);
    for (const test of group) print(`    ${test.file}: ${test.name}`);
  }
  const slowest = tests.toSorted((a, b) => b.durationMs - a.durationMs).slice(0, 5);
  if (slowest.length > 0) print('\n# slowest');
  for (const test of slowest) print(`${seconds(test.durationMs).padStart(10)}  ${test.file}: ${test.name}`);
  const failed = tests.filter((test) => test.outcome === 'failed');
  if (failed.length > 0) print('\n# failed');
  for (const test of failed) print(`${test.file}: ${test.name}`);
  print('');
  print(`${count(tests, 'passed')} passed, ${failed.length} failed, ${count(tests, 'skipped')} skipped`);
  return failed.length === 0 ? 0 : 1;
}

async function main() {
  const given = options();
  const scratch = mkdtempSync(join(tmpdir(), 'stuckfs-test-'));
  process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));
  const endsAt = performance.now() + given.totalMs;
  const results = [];
  for (const name of given.names) {
    const before = results.length;
    results.push(...(await runSuite(name, { ...given, scratch, endsAt })));
    if (results.length === before) {
      const empty = notRun(name, 'no test was found');
      results.push(empty);
      printJob(empty);
    }
  }
  return printSummary(results);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, () => {
    killAllGroups();
    print(`ended by ${signal}`);
    process.exit(128 + constants.signals[signal]);
  });
}

try {
  process.exit(await main());
} catch (error) {
  killAllGroups();
  const isUsage = error instanceof UsageError || error.code?.startsWith('ERR_PARSE_ARGS');
  process.stderr.write(`${isUsage ? `${error.message}\n${usage}` : error.stack}\n`);
  print('0 passed, 1 failed, 0 skipped');
  process.exit(isUsage ? 2 : 1);
}
