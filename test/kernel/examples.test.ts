/**
 * scripts/examples on real mounts: each drives one from outside to a byte-exact end, leaves nothing held or armed, and
 * says so by its exit status when there is no daemon.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Status } from '../../src/control/contract/status.js';
import { mounted } from '../support/mounted.js';
import { type ProgramResult, runProgram } from '../support/program.js';
import { command, devFuse, type Requirement, requires, root } from '../support/requirement.js';

const script = (name: string) => fileURLToPath(new URL(`../../../scripts/examples/${name}`, import.meta.url));
const compiled = fileURLToPath(new URL('../../scripts/examples/client.js', import.meta.url));

interface Example {
  readonly name: string;
  readonly argv: readonly [string, ...string[]];
  readonly needs: readonly Requirement[];
  /** What shows that it waited for 64, let half go, and found the writer still waiting for the other half. */
  readonly shows: readonly RegExp[];
}

const examples: readonly Example[] = [
  {
    name: 'cli.sh',
    argv: ['bash', script('cli.sh')],
    needs: [],
    shows: [/ 64 requests held, 256KiB: WRITE 64\n/, /\n32 requests released, 128KiB; 32 still held\n/],
  },
  {
    name: 'curl.sh',
    argv: ['bash', script('curl.sh')],
    needs: [command('curl', 'curl')],
    shows: [/\nheld data: \{"requests":64,/, /\n\{"released":32,"bytes":131072,"remaining":32\}\n/],
  },
  {
    name: 'stdlib.py',
    argv: ['python3', script('stdlib.py')],
    needs: [command('python3', 'python3')],
    shows: [/\nevent held \{"requests":64,/, /\nevent held \{"requests":32,/, /\nthe writer waits: True\n/],
  },
  {
    name: 'client.ts',
    argv: [process.execPath, compiled],
    needs: [],
    shows: [/held: \{ requests: 64,/, /\nevent \d+: held \{"requests":32,/, /\nthe writer waits: true\n/],
  },
];

function run({ argv }: Example, environment: NodeJS.ProcessEnv, ...words: string[]): Promise<ProgramResult> {
  const [program, ...first] = argv;
  return runProgram(program, [...first, ...words], { environment, deadlineMs: 60_000 });
}

describe('an example drives a mount from outside', requires(root, devFuse), () => {
  for (const example of examples) {
    test(example.name, requires(...example.needs), async (context) => {
      const { place, ready } = await mounted(context);
      const { status, stdout, stderr } = await run(
        example,
        place.environment,
        place.mountPoint,
        ready.socketPath,
      );
      assert.equal(status, 0, `${stdout}\n${stderr}`);
      for (const shown of [...example.shows, /\nbyte-exact\n$/]) assert.match(stdout, shown);
      const after = await place.cli('status', '--json');
      const { held, faults, requests } = JSON.parse(after.stdout) as Status;
      assert.deepEqual([held.requests, faults, requests.byOpcode['FUSE_WRITE']], [0, 0, 64]);
      // Nothing is told of a success that was not one.
      const failed = await run(example, place.environment, place.mountPoint, place.outside('no-socket'));
      assert.notEqual(failed.status, 0);
      assert.doesNotMatch(failed.stdout, /byte-exact/);
    });
  }
});
