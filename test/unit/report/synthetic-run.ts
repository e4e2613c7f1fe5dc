/**
 * A run directory as a run on 6.18 leaves it, small: a control arm whose 8 folios move, and a fault arm whose
 * 8 folios (inode 2, requests 100 and 102) stall the trigger until they are released.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { RunEventBody } from '../../../src/record/events.js';
import { RunDirectory } from '../../../src/record/run-directory.js';
import { isolated, migrated, migrateStart, traceLine, traceText, waits } from './trace-text.js';

const PAGES = 8;
const WRITEBACK = 1 << 8;
/** Nanoseconds of the trace clock. */
const START = 1_000_000_000;
const MS = 1_000_000;

const range = (start: number) => Array.from({ length: PAGES }, (_, index) => start + index);
const numbers = (values: readonly number[]) => new Uint8Array(BigInt64Array.from(values, BigInt).buffer);

const markOf = (arm: number) => `stuckfs trigger of arm ${arm}`;

export interface Arm {
  readonly arm: number;
  readonly kind: 'control' | 'fault';
}

/** Events with their times, which RunDirectory.append would take from the clock. */
function write(run: RunDirectory, events: readonly (RunEventBody & { atNs: number })[]): void {
  writeFileSync(run.artifact('events.jsonl'), events.map((event) => `${JSON.stringify(event)}\n`).join(''), {
    flag: 'a',
  });
}

function writeArm(run: RunDirectory, { arm, kind }: Arm): void {
  const fault = kind === 'fault';
  const pid = 500 + arm;
  const base = START + arm * 10_000 * MS;
  const at = (ms: number) => base + ms * MS;
  const line = (ms: number, payload: string) => traceLine(pid, 'node', at(ms) / 1000, payload);
  const stuck = 0x10000;
  const control = 0x20000;
  const moved = 0x90000;
  run.write(`pfns/${arm}-stuck.bin`, numbers(range(stuck)));
  run.write(`pfns/${arm}-control.bin`, numbers(range(control)));
  run.write(`pfns/${arm}-flags.bin`, numbers(range(0).map(() => (fault ? WRITEBACK | 0x28 : 0x28))));
  run.write(`pfns/${arm}-stuck-held.bin`, numbers(fault ? range(stuck) : range(moved)));
  run.write(`pfns/${arm}-stuck-end.bin`, numbers(range(moved)));
  run.write(`pfns/${arm}-control-end.bin`, numbers(range(moved + PAGES)));
  const stall = fault ? [line(101, waits('0:39', 2, 5))] : [];
  run.write(
    `trace-${arm}.txt`,
    traceText(
      line(99, `tracing_mark_write: ${markOf(arm)}`),
      line(100, isolated(stuck, stuck + PAGES)),
      line(100, migrateStart),
      ...stall,
      line(fault ? 5120 : 110, migrated(16, 0)),
      line(fault ? 5121 : 111, isolated(control, control + PAGES)),
    ),
  );
  const paths = { stuck: '/stuck', control: '/control' };
  const waiting = {
    state: 'D',
    stack: ['folio_wait_bit_common', 'folio_wait_writeback', 'migrate_pages_batch'],
  };
  write(run, [
    {
      event: 'arm-started',
      arm,
      cell: 0,
      kind,
      scenario: 'writeback-held',
      trigger: 'compact',
      mitigation: 'none',
      attempt: 1,
      holdMs: 5000,
      device: '0:39',
      waitsIn: fault ? 'folio_wait_writeback' : null,
      variant: null,
      transport: 'dev-fuse',
      stuckBy: fault ? 'writeback' : null,
      delayMs: null,
      allHangs: false,
      atNs: at(0),
    },
    { event: 'vmstat', arm, when: 'arm-started', counters: { nr_writeback: 3 }, atNs: at(1) },
    ...(fault
      ? [
          {
            event: 'held' as const,
            arm,
            held: [
              { unique: '100', opcode: 'FUSE_WRITE', nodeid: 2, offset: 0, size: 4 * 4096 },
              { unique: '102', opcode: 'FUSE_WRITE', nodeid: 2, offset: 4 * 4096, size: 4 * 4096 },
            ],
            atNs: at(50),
          },
        ]
      : []),
    {
      event: 'set-named',
      arm,
      stuck: { path: paths.stuck, ino: 2, pages: PAGES },
      control: { path: paths.control, ino: 3, pages: PAGES },
      stuckPfns: `pfns/${arm}-stuck.bin`,
      controlPfns: `pfns/${arm}-control.bin`,
      stuckFlags: `pfns/${arm}-flags.bin`,
      atNs: at(60),
    },
    { event: 'trigger-started', arm, pid, comm: 'node', mark: markOf(arm), atNs: at(90) },
    ...(fault
      ? [
          {
            event: 'task-sampled' as const,
            arm,
            role: 'trigger',
            pid,
            tid: pid,
            comm: 'node',
            ...waiting,
            atNs: at(2000),
          },
        ]
      : []),
    {
      event: 'hold-ended',
      arm,
      stuckPfns: `pfns/${arm}-stuck-held.bin`,
      controlPfns: `pfns/${arm}-control${fault ? '' : '-end'}.bin`,
      atNs: at(5095),
    },
    ...(fault
      ? [
          {
            event: 'released' as const,
            arm,
            requests: 2,
            bytes: 8 * 4096,
            askedNs: at(5100),
            by: 'release' as const,
            atNs: at(5101),
          },
        ]
      : []),
    {
      event: 'trigger-ended',
      arm,
      result: 0,
      startedNs: at(100),
      endedNs: at(fault ? 5140 : 190),
      atNs: at(5141),
    },
    {
      event: 'set-found',
      arm,
      stuckPfns: `pfns/${arm}-stuck-end.bin`,
      controlPfns: `pfns/${arm}-control-end.bin`,
      atNs: at(5150),
    },
    {
      event: 'verified',
      arm,
      fsync: [null, null],
      cached: [-1, -1],
      served: [-1, -1],
      atNs: at(5200),
    },
    { event: 'answered', arm, replies: 300, refused: 0, atNs: at(5200) },
    { event: 'vmstat', arm, when: 'verified', counters: { nr_writeback: 0 }, atNs: at(5201) },
    { event: 'trace-ended', arm, trace: `trace-${arm}.txt`, lostEvents: 0, atNs: at(5210) },
    { event: 'arm-ended', arm, atNs: at(5220) },
  ]);
}

export function syntheticRun(t: TestContext): RunDirectory {
  const parent = mkdtempSync(join(tmpdir(), 'stuckfs-report-'));
  t.after(() => rmSync(parent, { recursive: true, force: true }));
  const run = RunDirectory.create(join(parent, 'run'));
  run.write(
    'environment.json',
    JSON.stringify({ stuckfs: '0.1.0', on: 'host', seed: 7, kernel: { release: '6.18.0-test' } }),
  );
  const cell = { cell: 0, scenario: 'writeback-held', trigger: 'compact', transport: 'dev-fuse' };
  const arms = (['control', 'fault'] as const).map((kind) => ({ kind, variant: null, mitigation: 'none' }));
  const planned = [{ ...cell, repeat: 1, arms }];
  write(run, [{ event: 'run-started', version: 1, seed: 7, on: 'host', planned, atNs: START }]);
  writeArm(run, { arm: 0, kind: 'control' });
  writeArm(run, { arm: 1, kind: 'fault' });
  write(run, [{ event: 'run-ended', atNs: START + 30_000 * MS }]);
  return run;
}

/** Rewrites the lines of events.jsonl. */
export function editEvents(run: RunDirectory, edit: (lines: string[]) => readonly string[]): void {
  const path = run.artifact('events.jsonl');
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  writeFileSync(
    path,
    edit(lines)
      .map((line) => `${line}\n`)
      .join(''),
  );
}
