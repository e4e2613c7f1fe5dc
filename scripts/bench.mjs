/**
 * A first benchmark: fio on a healthy mount and on tmpfs, in interleaved rounds on one CPU, medians and spread.
 * It says what it measured and on what; the peers (a C null filesystem, libfuse) are not in it yet.
 * Usage: node scripts/bench.mjs [--rounds N] [--seconds N] [--json]
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const cli = fileURLToPath(new URL('../dist/src/cli/main.js', import.meta.url));
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '2' },
    json: { type: 'boolean', default: false },
  },
});
const rounds = positive('--rounds', values.rounds);
const seconds = positive('--seconds', values.seconds);
// Client and server on one CPU: on two the wake-up across CPUs is what would be measured.
const pinned = ['taskset', '-c', '0'];

/** Name, fio's words, and which side of its output counts. tmpfs takes O_DIRECT from 6.6 on. */
const workloads = [
  ['4 KiB direct read', ['--rw=randread', '--bs=4k', '--direct=1'], 'read'],
  ['4 KiB direct write', ['--rw=randwrite', '--bs=4k', '--direct=1'], 'write'],
  ['1 MiB direct read', ['--rw=read', '--bs=1m', '--direct=1'], 'read'],
  ['1 MiB direct write', ['--rw=write', '--bs=1m', '--direct=1'], 'write'],
  ['1 MiB buffered write, fsync at the end', ['--rw=write', '--bs=1m', '--end_fsync=1'], 'write'],
];

function positive(option, text) {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 1000) {
    process.stderr.write(`bench: ${option}: ${JSON.stringify(text)}: give a whole number from 1 to 1000\n`);
    process.exit(2);
  }
  return value;
}

function fio(directory, words, side) {
  const output = execFileSync(
    pinned[0],
    [
      ...pinned.slice(1),
      'fio',
      '--name=bench',
      `--directory=${directory}`,
      '--size=64m',
      '--ioengine=psync',
      '--time_based',
      `--runtime=${seconds}`,
      '--output-format=json',
      ...words,
    ],
    { encoding: 'utf8', timeout: (seconds + 60) * 1000, killSignal: 'SIGKILL' },
  );
  return JSON.parse(output.slice(output.indexOf('{'))).jobs[0][side].iops;
}

function summary(samples) {
  const sorted = [...samples].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)];
  return { median, spread: (sorted.at(-1) - sorted[0]) / median };
}

if (process.geteuid() !== 0) {
  process.stderr.write('bench: user: it mounts, so run it as root\n');
  process.exit(2);
}
const scratch = mkdtempSync(join(tmpdir(), 'stuckfs-bench-'));
const places = { stuckfs: join(scratch, 'stuckfs'), tmpfs: join(scratch, 'tmpfs') };
for (const path of Object.values(places)) mkdirSync(path);
try {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256m', 'none', places.tmpfs]);
  execFileSync(
    pinned[0],
    [...pinned.slice(1), process.execPath, cli, 'mount', places.stuckfs, '--size', '512M'],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  const samples = new Map();
  for (let round = 0; round < rounds; round++) {
    for (const [name, words, side] of workloads) {
      for (const [place, directory] of Object.entries(places)) {
        const key = `${name} ${place}`;
        samples.set(key, [...(samples.get(key) ?? []), fio(directory, words, side)]);
      }
    }
  }
  const results = workloads.map(([name]) => {
    const stuckfs = summary(samples.get(`${name} stuckfs`));
    const tmpfs = summary(samples.get(`${name} tmpfs`));
    return { name, stuckfs, tmpfs, ratio: stuckfs.median / tmpfs.median };
  });
  const machine = {
    kernel: readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim(),
    node: process.version,
    fio: execFileSync('fio', ['--version'], { encoding: 'utf8' }).trim(),
    rounds,
    seconds,
  };
  if (values.json) process.stdout.write(`${JSON.stringify({ machine, results }, null, 2)}\n`);
  else {
    process.stdout.write(
      `kernel ${machine.kernel}, node ${machine.node}, ${machine.fio}, ${rounds} rounds of ${seconds} s, one CPU\n\n`,
    );
    process.stdout.write('| workload | stuckfs /s | spread | tmpfs /s | of tmpfs |\n|---|---|---|---|---|\n');
    for (const { name, stuckfs, tmpfs, ratio } of results) {
      const spread = `${(stuckfs.spread * 100).toFixed(0)} %`;
      process.stdout.write(
        `| ${name} | ${stuckfs.median.toFixed(0)} | ${spread} | ${tmpfs.median.toFixed(0)} | ${ratio.toFixed(3)} |\n`,
      );
    }
  }
} finally {
  spawnSync(process.execPath, [cli, 'unmount', places.stuckfs], { stdio: 'inherit' });
  spawnSync('umount', [places.tmpfs], { stdio: 'inherit' });
  rmSync(scratch, { recursive: true, force: true });
}
