/**
 * Plays QEMU and its guest on the sockets that QEMU would connect to, as the first word of the job says, so that
 * whoever attends a guest is tested without one. Its console is standard output.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { sockets } from '../../src/vm/qemu/command-line.js';
import { tarEntry } from './tar-entry.js';

const [qmp, job, log, result] = (['qmp', 'job', 'log', 'result'] as const).map((name) =>
  connect(sockets[name]),
) as [Socket, Socket, Socket, Socket];

const say = (line: object): boolean => log.write(`${JSON.stringify(line)}\n`);
const kernel = (line: string): boolean => process.stdout.write(`[    1.000000] ${line}\r\n`);
const second = 1e9;
const tarEnd = Buffer.alloc(1024);

qmp.write('{"QMP":{}}\n');
createInterface({ input: qmp }).on('line', (line) => {
  const { execute, id } = JSON.parse(line) as { execute: string; id: number };
  const status = state === undefined ? {} : { status: state };
  qmp.write(`${JSON.stringify({ return: execute === 'query-status' ? status : {}, id })}\n`);
  if (execute === 'quit') process.exit(0);
});
let state: string | undefined;

const acts: Readonly<Record<string, () => unknown>> = {
  ends: () => {
    kernel('watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [sh:1]');
    say({ t: second });
    log.write('no json\n');
    say({ t: 2 * second, stream: 'stderr', line: 'a word' });
    result.write(Buffer.concat([tarEntry('sub/file', '0', Buffer.from('content')), tarEnd]));
    say({ t: 4 * second, exit: 3 });
  },
  'result-comes-last': async () => {
    say({ t: 0, exit: 0 });
    await delay(300);
    result.write(tarEnd);
  },
  'ends-after-an-oops': () => {
    kernel('BUG: Bad page state in process kcompactd0  pfn:12345');
    result.write(tarEnd);
    say({ t: second, exit: 0 });
  },
  panics: () => {
    say({ t: second });
    kernel('Oops: 0002 [#1] SMP');
    kernel('Kernel panic - not syncing: Fatal exception');
    process.stdout.write('', () => process.exit(0));
  },
  'speaks-and-panics': () => {
    say({ t: second, stream: 'stderr', line: 'a word' });
    acts['panics']?.();
  },
  'panics-and-stays': () => kernel('Kernel panic - not syncing: x'),
  oopses: () => {
    say({ t: second });
    kernel('Oops: 0002 [#1] SMP');
    kernel('---[ end trace 0000000000000000 ]---');
  },
  beats: async () => {
    for (let t = 0; ; t += second) {
      say({ t });
      await delay(20);
    }
  },
  'falls-silent': () => say({ t: second }),
  'never-speaks': () => undefined,
  'never-boots': () => process.exit(0),
  dies: () => {
    say({ t: second });
    process.stderr.write('qemu: assertion failed\n', () => process.exit(134));
  },
  'is-killed': () => process.kill(process.pid, 'SIGKILL'),
  'is-stopped': () => {
    state = 'internal-error';
    process.stderr.write('KVM internal error. Suberror: 1\n', () => qmp.write('{"event":"STOP"}\n'));
  },
  'leaves-before-its-job': () => {
    say({ t: second });
    setTimeout(() => process.exit(0), 100);
  },
  'cuts-its-result': () => {
    result.end(tarEntry('file', '0', Buffer.from('content')).subarray(0, 600));
    say({ t: second, exit: 0 });
  },
  escapes: () => {
    result.write(Buffer.concat([tarEntry('../file', '0', Buffer.from('content')), tarEnd]));
    say({ t: second, exit: 0 });
  },
};

/** As `stuckfs run` in the guest: sends the directory that the environment names, or does what it says of this word. */
function runs(words: readonly string[]): void {
  const { FAKE_RUN = '', FAKE_STATUS = '0', FAKE_ACTS = '{}' } = process.env;
  const other = Object.entries(JSON.parse(FAKE_ACTS) as Record<string, string>).find(([word]) =>
    words.includes(word),
  );
  if (other !== undefined) return void acts[other[1]]?.();
  say({ t: second, stream: 'stderr', line: `[  0.1s] ${words.join(' ')}` });
  say({ t: 2 * second, stream: 'stdout', line: 'a report' });
  const files = FAKE_RUN === '' ? [] : readdirSync(FAKE_RUN, { recursive: true, withFileTypes: true });
  for (const entry of files) {
    if (!entry.isFile()) continue;
    const path = `${entry.parentPath}/${entry.name}`;
    result.write(tarEntry(path.slice(FAKE_RUN.length + 1), '0', readFileSync(path)));
  }
  result.write(tarEnd);
  say({ t: 3 * second, exit: Number(FAKE_STATUS) });
}

createInterface({ input: job }).once('line', (line) => {
  const { words } = JSON.parse(line) as { words: readonly string[] };
  const [first = ''] = words;
  if (first === 'run') runs(words);
  else acts[first]?.();
});
