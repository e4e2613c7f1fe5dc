/** Bad input: exit status 2 and one line that names the field and the value; nothing is started. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { assertOneLineError, freshDirectory, runCli } from './run-cli.js';

/** A directory that may be mounted on stands where a case says EMPTY. */
const cases: readonly (readonly [words: readonly string[], ...texts: string[]])[] = [
  [[], 'command', 'stuckfs --help'],
  [['frob'], 'command: "frob"', 'stuckfs --help'],
  [['held', '--frob'], 'option: "--frob"', 'stuckfs held --help'],
  [['held', '--frob=3'], 'option: "--frob=3"', 'stuckfs held --help'],
  [['held', '-x'], 'option: "-x"'],
  [['held', 'extra'], 'argument: "extra"'],
  [['hold', '--', 'write'], 'argument: "write"'],
  [['held', '--json=yes'], '--json: "yes"', 'takes no value'],
  [['held', '--limit'], '--limit', 'give a value'],
  [['held', '--limit', '1', '--limit', '2'], '--limit: "1 and 2"', 'twice'],
  [['held', '--limit', 'NaN'], '--limit: "NaN"', 'whole number'],
  [['held', '--limit', '-1'], '--limit: "-1"'],
  [['held', '--limit', '1e3'], '--limit: "1e3"'],
  [['held', '--limit', '100001'], '--limit: "100001"', '100000'],
  [['held', '--opcode', 'wirte'], '--opcode: "wirte"', 'write'],
  [['held', '--opcode', 'read,write'], '--opcode: "read,write"', 'one opcode'],
  [['held', '--path', '['], '--path: "["'],
  [['held', '--path', '/a/'], '--path: "/a/"'],
  [['held', '--nodeid', '0'], '--nodeid: "0"'],
  [['held', '--wait-for', '0'], '--wait-for: "0"'],
  [['held', '--wait-for', '1', '--timeout', '10'], '--timeout: "10"', '1.5s'],
  [['held', '--timeout', '10s'], '--timeout: "10s"', '--wait-for'],
  [['held', '--wait-for', '1', '--nodeid', '2'], '--nodeid: "2"', '--wait-for'],
  [['held', '--log-level', 'loud'], '--log-level: "loud"', 'debug'],
  [['release', '--unique', '18446744073709551616'], '--unique: "18446744073709551616"'],
  [['release', '--count', '0'], '--count: "0"'],
  [['release', '--fault', 'all'], '--fault: "all"'],
  [['hold', 'wirte'], '"wirte"', 'write'],
  [['hold', 'init'], '"init"', 'connection'],
  [['hold', 'destroy'], '"destroy"', 'connection'],
  [['hold', 'forget'], '"forget"', 'no reply'],
  [['hold', 'write', '--path', '{a'], '--path: "{a"'],
  [['hold', '--nth', '-3'], '--nth: "-3"'],
  [['hold', '--nth', '0'], '--nth: 0', 'at least 1'],
  [['hold', '--nth', '2', '--every', '3'], '--every: 3', 'not both'],
  [['hold', '--every', 'Infinity'], '--every: "Infinity"'],
  [['hold', '--probability', '1.5'], '--probability: 1.5'],
  [['hold', '--range', '4K-1K'], '--range: "4K-1K"', 'above'],
  [['fault'], 'add, list, remove, clear'],
  [['fault', 'frob'], 'command: "frob"', 'stuckfs fault --help'],
  [['fault', 'add'], 'fault', 'hold, delay'],
  [['fault', 'add', 'wobble'], '"wobble"', 'hold, delay'],
  [['fault', 'add', 'delay', 'write'], 'delay: "write"', 'fixed:100ms'],
  [['fault', 'add', 'delay', 'write', '--distribution', 'fixed:25h'], '"25h"', '24h'],
  [['fault', 'add', 'hold', '--distribution', 'fixed:1s'], '--distribution: "fixed:1s"', 'delay'],
  [['fault', 'add', 'delay', 'pareto:1s', 'write'], 'delay: "pareto:1s"', 'exponential:100ms'],
  [['fault', 'add', 'delay', 'rate:0'], 'delay: "rate:0"', 'at least 1 byte/s'],
  [['fault', 'add', 'fail', 'write'], 'fail: "write"', 'EIO'],
  [['fault', 'add', 'fail', 'ENOTHING', 'write'], 'fail: "ENOTHING"', 'EIO'],
  [['fault', 'add', 'short', '4096', 'lookup'], 'match.opcodes[0]: "FUSE_LOOKUP"', 'READ and WRITE only'],
  [['fault', 'add', 'short', '100%'], 'action.percent: 100', 'less than 100'],
  [['unplug', 'now'], 'argument: "now"'],
  [['plug', '--fault', '1'], 'fault'],
  [['fault', 'add', '--json-spec', '{'], '--json-spec: "{"', 'not JSON'],
  [['fault', 'add', '--json-spec', '{"action":{"type":"wobble"}}'], 'action.type: "wobble"', 'hold, delay'],
  [['fault', 'add', 'hold', '--json-spec', '{}'], '--json-spec: "{}"', 'hold'],
  [['fault', 'add', '--json-spec', '{}', '--nth', '1'], '--nth: "1"', '--json-spec'],
  [['fault', 'remove'], 'ID', 'stuckfs fault remove --help'],
  [['fault', 'remove', 'x'], 'ID: "x"'],
  [['status', '--socket', ''], '--socket: ""'],
  [['status', '--socket', `/${'x'.repeat(110)}`], '--socket: "/xxx', '107 bytes'],
  [['status', '--socket', '/a', '--mount', '/b'], '--socket: "/a"', '/b'],
  [['status', '--socket', '/nonexistent/control.sock'], '--socket: "/nonexistent/control.sock": there is no'],
  [['status', '--mount', ''], '--mount: ""'],
  [['status', '--mount', '/nonexistent'], '--mount: "/nonexistent"'],
  [['unmount'], 'MOUNTPOINT', 'stuckfs unmount --help'],
  [['unmount', '/usr'], 'MOUNTPOINT: "/usr"', 'no stuckfs mount'],
  [['status'], '--mount: (not given): no stuckfs daemon runs', 'stuckfs mount'],
  [['rescue', '--dry-run', '--mount', '/nonexistent'], '--mount: "/nonexistent"'],
  [['mount'], 'MOUNTPOINT', 'stuckfs mount --help'],
  [['mount', 'EMPTY', '/b'], 'argument: "/b"'],
  [['mount', ''], 'MOUNTPOINT: ""'],
  [['mount', '/nonexistent/dir'], 'MOUNTPOINT: "/nonexistent/dir"', 'does not exist'],
  [['mount', '/etc/passwd'], 'MOUNTPOINT: "/etc/passwd"', 'not a directory'],
  [['mount', '/usr'], 'MOUNTPOINT: "/usr"', 'not empty'],
  [['mount', 'EMPTY', '--max-hold', '-5s'], '--max-hold: "-5s"'],
  [['mount', 'EMPTY', '--max-hold', '0'], '--max-hold: "0"', '1ms'],
  [['mount', 'EMPTY', '--max-hold', '25h'], '--max-hold: "25h"', '24h'],
  [['mount', 'EMPTY', '--attr-timeout', '1.5us'], '--attr-timeout: "1.5us"', 'whole milliseconds'],
  [['mount', 'EMPTY', '--size', '0'], '--size: "0"'],
  [['mount', 'EMPTY', '--size', '900T'], '--size: "900T"', 'memory'],
  [['mount', 'EMPTY', '--size', '4GB'], '--size: "4GB"'],
  [['mount', 'EMPTY', '--inodes', '0'], '--inodes: "0"'],
  [['mount', 'EMPTY', '--max-pages', '65536'], '--max-pages: "65536"', '65535'],
  [['mount', 'EMPTY', '--max-background', '1.5'], '--max-background: "1.5"'],
  [['mount', 'EMPTY', '--no-flush'], '--no-flush: true', '--no-writeback-cache'],
  [['mount', 'EMPTY', '--splice', 'raed'], '--splice: "raed"', 'write-copy'],
  [['mount', 'EMPTY', '--transport', 'libfuse3'], '--transport: "libfuse3"', 'dev-fuse or libfuse'],
  [
    ['mount', 'EMPTY', '--transport', 'libfuse', '--max-pages', '1'],
    '--max-pages: "1"',
    '32 pages',
    'dev-fuse',
  ],
  [['mount', 'EMPTY', '--transport', 'libfuse', '--splice', 'read'], '--splice: "read"', 'libfuse cannot'],
  [['mount', 'EMPTY', '--transport', 'libfuse', '--no-flush'], '--no-flush: true', 'libfuse cannot'],
  [
    ['mount', 'EMPTY', '--transport', 'libfuse', '--max-background', '5000'],
    '--max-background: "5000"',
    '4096',
  ],
  [['mount', 'EMPTY', '--seed', '4294967296'], '--seed: "4294967296"'],
  [['mount', 'EMPTY', '--ready-fd', '1'], '--ready-fd: "1"'],
  [['mount', 'EMPTY', '--ready-fd', '3'], '--ready-fd: "3"', 'not open'],
  [['mount', 'EMPTY', '--ready-fd', '99'], '--ready-fd: "99"', 'not open'],
  [['mount', 'EMPTY', '--socket', `/${'x'.repeat(110)}`], '--socket: "/xxx', '107 bytes'],
  [['mount', 'EMPTY', '--log-file', ''], '--log-file: ""'],
  [['mount', 'EMPTY', '--no-json'], 'option: "--no-json"'],
];

for (const [words, ...texts] of cases) {
  test(`stuckfs ${words.join(' ')}`.slice(0, 80), async (context) => {
    const directory = freshDirectory(context);
    const given = words.map((word) => (word === 'EMPTY' ? directory : word));
    assertOneLineError(await runCli(given), 2, texts);
  });
}

test('a descriptor that the caller opened for reading is no --ready-fd', async (context) => {
  const directory = freshDirectory(context);
  const prefix = ['sh', '-c', 'exec "$@" 7</dev/null', 'sh'];
  const result = await runCli(['mount', directory, '--ready-fd', '7'], { prefix });
  assertOneLineError(result, 2, ['--ready-fd: "7"', 'writing']);
});

test('a mount point that does not hold still: a file below a file, and a link that leads to itself', async (context) => {
  const directory = freshDirectory(context);
  writeFileSync(join(directory, 'file'), '');
  mkdirSync(join(directory, 'full'));
  writeFileSync(join(directory, 'full', '.hidden'), '');
  assertOneLineError(await runCli(['mount', join(directory, 'file', 'below')]), 2, ['not a directory']);
  assertOneLineError(await runCli(['mount', join(directory, 'full')]), 2, ['not empty (.hidden']);
});

test('no descriptor of Node itself passes for one of the caller', async (context) => {
  const directory = freshDirectory(context);
  // The shell hands down none but the standard ones.
  const prefix = ['sh', '-c', 'for fd in 3 4 5 6 7 8 9; do eval "exec $fd>&-"; done; exec "$@"', 'sh'];
  for (const fd of Array.from({ length: 16 }, (_, index) => String(index + 3))) {
    const result = await runCli(['mount', directory, '--ready-fd', fd], { prefix });
    assertOneLineError(result, 2, [`--ready-fd: "${fd}"`]);
  }
});
