/** The package as another project sees it: found by its name, typed by its own declarations, and nothing but a client. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';

const root = resolve(import.meta.dirname, '../../..');
const project = mkdtempSync(join(tmpdir(), 'stuckfs-consumer-'));
after(() => rmSync(project, { recursive: true }));

before(() => {
  mkdirSync(join(project, 'node_modules'));
  symlinkSync(root, join(project, 'node_modules/stuckfs'));
  symlinkSync(join(root, 'node_modules/@types'), join(project, 'node_modules/@types'));
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    target: 'es2022',
    module: 'nodenext',
    types: ['node'],
    noEmit: true,
    skipLibCheck: true,
  };
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
});

function compile(): { status: number | null; stdout: string } {
  const tsc = join(root, 'node_modules/.bin/tsc');
  return spawnSync(tsc, ['--project', project], { encoding: 'utf8', cwd: project });
}

test('the example and right uses compile, and each wrong one is an error', () => {
  copyFileSync(join(root, 'scripts/examples/client.ts'), join(project, 'client.ts'));
  writeFileSync(
    join(project, 'uses.ts'),
    `import { ControlError, connect, type FaultInput, type Status } from 'stuckfs';
    const client = connect({ socketPath: '/run/s', timeoutMs: 5 });
    const fault: FaultInput = { match: { opcodes: ['read'], range: { start: 0 } }, action: { type: 'hold' } };
    export async function all(): Promise<Status> {
      const { id } = await client.addFault(fault);
      const { faults } = await client.faults();
      const names: string[] = faults.map((one) => one.fault.action.type);
      await client.removeFault(id);
      const { removed } = await client.clearFaults();
      const { remaining } = await client.release({ count: 1, order: 'reversed', uniques: ['4'] });
      const unique: string | undefined = (await client.held({ opcode: 'FUSE_READ' })).held[0]?.unique;
      const { changed } = await client.unplug();
      const { released } = await client.plug();
      const { bytes } = await client.waitForHeld({ requests: 1, timeoutMs: 1 });
      for await (const event of client.events({ signal: AbortSignal.timeout(1) })) {
        if (event.event === 'held') console.log(event.data.byOpcode.FUSE_WRITE ?? 0);
        // @ts-expect-error only some events have a reason
        console.log(event.data.reason);
        if (event.event === 'ended') console.log(event.data.reason.length);
      }
      await client.unmount({ force: true });
      console.log(names, removed, remaining, unique, changed, released, bytes);
      return client.status({ timeoutMs: 1 });
    }
    export const isTimeout = (error: unknown) => error instanceof ControlError && error.code === 'TIMEOUT';
    // @ts-expect-error no such code
    export const isWrong = (error: unknown) => error instanceof ControlError && error.code === 'NO_SUCH';
    // @ts-expect-error no such order
    void client.release({ order: 'sideways' });
    // @ts-expect-error no such action
    void client.addFault({ action: { type: 'explode' } });
    // @ts-expect-error the socket is needed
    connect({});
    `,
  );
  const { status, stdout } = compile();
  assert.equal(status, 0, stdout);
  writeFileSync(
    join(project, 'wrong.ts'),
    `import { connect } from 'stuckfs';\nconnect({ socketPath: 7 });\nimport 'stuckfs/dist/src/syscall/libc.js';`,
  );
  const wrong = compile();
  rmSync(join(project, 'wrong.ts'));
  assert.notEqual(wrong.status, 0);
  assert.match(wrong.stdout, /wrong\.ts.*number.*string/);
  assert.match(wrong.stdout, /wrong\.ts.*stuckfs\/dist\/src\/syscall/);
});

test('by its name there is a client, and libc is not loaded for it', () => {
  const script = (name: string) => `
    const exported = Object.keys(await import(${JSON.stringify(name)}));
    const koffi = process.report.getReport().sharedObjects.some((file) => /koffi/.test(file));
    console.log(JSON.stringify([exported.sort(), koffi]));`;
  const run = (name: string) =>
    JSON.parse(
      spawnSync(process.execPath, ['--input-type=module', '-e', script(name)], {
        cwd: project,
        encoding: 'utf8',
      }).stdout,
    );
  assert.deepEqual(run('stuckfs'), [['ControlError', 'UsageError', 'connect'], false]);
  // The look finds what it looks for.
  assert.equal(run(join(root, 'dist/src/syscall/libc.js'))[1], true);
});
