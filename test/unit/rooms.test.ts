/**
 * The rooms of .dependency-cruiser.cjs: src keeps to them, and a planted breach of each kind is reported by the
 * name of its rule.  Without the second half, a rule that matches nothing would look like a clean house.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { after, describe, test } from 'node:test';

const root = resolve(import.meta.dirname, '../../..');

interface Violation {
  readonly rule: { readonly name: string };
  readonly from: string;
  readonly to: string;
}

/** Every violation under `dir`/src as "rule: from → to". */
function violations(dir: string): string[] {
  const cruiser = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const config = join(root, '.dependency-cruiser.cjs');
  const args = [cruiser, '--config', config, '--output-type', 'json', 'src'];
  const { stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: dir,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  assert.ok(stdout.startsWith('{'), `dependency-cruiser did not answer: ${stderr}`);
  const { summary } = JSON.parse(stdout) as {
    summary: { violations: Violation[]; totalCruised: number };
  };
  assert.ok(summary.totalCruised > 0, 'nothing was looked at');
  return summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`).sort();
}

test('src keeps to the rooms', () => {
  assert.deepEqual(violations(root), []);
});

describe('a planted breach', () => {
  const dir = mkdtempSync(join(tmpdir(), 'stuckfs-rooms-'));
  after(() => rmSync(dir, { recursive: true }));
  const files: Readonly<Record<string, string>> = {
    'package.json': '{ "type": "module", "devDependencies": { "for-tests": "1" } }',
    'node_modules/for-tests/package.json': '{ "name": "for-tests", "version": "1.0.0", "main": "index.js" }',
    'node_modules/for-tests/index.js': 'exports.tool = 1;',
    'src/syscall/borrowed.ts': "import { tool } from 'for-tests';\nexport const borrowed = tool;",
    'src/base/leaf.ts': 'export const leaf = 1;',
    'src/store/y.ts':
      "import { leaf } from '../base/leaf.js';\nexport const y = leaf;\nexport interface Y { y: 1 }",
    'src/protocol/x.ts': "import { y } from '../store/y.js';\nexport const x = y;",
    'src/protocol/type-only.ts': "import type { Y } from '../store/y.js';\nexport type X = Y;",
    'src/kernel/a.ts': "import { b } from './b.js';\nexport const a = () => b;",
    'src/kernel/b.ts': "import { a } from './a.js';\nexport const b = () => a;",
    'src/daemon/session.ts': "import { y } from '../store/y.js';\nexport const session = y;",
    'src/scenario/runner.ts': "import { session } from '../daemon/session.js';\nexport const run = session;",
    'src/control/server/listen.ts': 'export const listen = 1;',
    'src/control/client/call.ts':
      "import { listen } from '../server/listen.js';\nexport const call = listen;",
    'src/store/late.ts': "export const late = () => import('../scenario/runner.js');",
    'src/record/lost.ts': "import { nowhere } from './nowhere.js';\nexport const lost = nowhere;",
    'src/report/probe.ts': "import { probe } from '../../test/probe.js';\nexport const report = probe;",
    'test/probe.ts': 'export const probe = 1;',
    'src/cli/main.ts':
      "import { extra } from '../attic/extra.js';\nimport { y } from '../store/y.js';\nexport const main = [extra, y];",
    'src/trigger/shortcut.ts': "import { main } from '../cli/main.js';\nexport const shortcut = main;",
    'src/attic/extra.ts': "import { leaf } from '../base/leaf.js';\nexport const extra = leaf;",
    'src/cellar/alone.ts': 'export const alone = 1;',
    'src/control/stray.ts': 'export const stray = 1;',
    'src/index.ts': "export { session } from './daemon/session.js';",
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), `${text}\n`);
  }

  test('is reported by the name of its rule, and nothing else is', () => {
    assert.deepEqual(
      violations(dir),
      [
        'room-protocol: src/protocol/x.ts → src/store/y.ts',
        'room-protocol: src/protocol/type-only.ts → src/store/y.ts',
        'no-circular: src/kernel/a.ts → src/kernel/b.ts',
        'room-scenario: src/scenario/runner.ts → src/daemon/session.ts',
        'room-control-client: src/control/client/call.ts → src/control/server/listen.ts',
        'room-store: src/store/late.ts → src/scenario/runner.ts',
        'no-unresolvable: src/record/lost.ts → ./nowhere.js',
        'no-dev-dependency: src/syscall/borrowed.ts → node_modules/for-tests/index.js',
        'src-not-test: src/report/probe.ts → test/probe.ts',
        'room-trigger: src/trigger/shortcut.ts → src/cli/main.ts',
        'cli-not-imported: src/trigger/shortcut.ts → src/cli/main.ts',
        'room-not-listed: src/cli/main.ts → src/attic/extra.ts',
        'room-not-listed: src/attic/extra.ts → src/base/leaf.ts',
        'room-not-listed: src/cellar/alone.ts → src/cellar/alone.ts',
        'room-not-listed: src/control/stray.ts → src/control/stray.ts',
        'package-is-the-client: src/index.ts → src/daemon/session.ts',
      ].sort(),
    );
  });

  test('the rooms of the breach stand for rooms of src', () => {
    for (const room of ['base', 'protocol', 'fault']) assert.ok(existsSync(join(root, 'src', room)), room);
  });
});
