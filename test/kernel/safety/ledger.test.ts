/**
 * The ledger on the running kernel.  vm.stat_interval is how often counters are folded: a second more or less
 * harms nobody.  Needs root.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Ledger } from '../../../src/safety/ledger.js';
import { StateDirectory } from '../../../src/safety/state-directory.js';

const interval = '/proc/sys/vm/stat_interval';
const notRoot = process.geteuid?.() === 0 ? false : 'needs root';
const built = (file: string) =>
  JSON.stringify(new URL(`../../../src/safety/${file}.js`, import.meta.url).href);

function temporaryDirectory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'stuckfs-safety-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test('a sysctl that a killed process had changed is put back from its ledger', { skip: notRoot }, (t) => {
  const root = temporaryDirectory(t);
  const before = readFileSync(interval, 'utf8').trim();
  const changed = `${Number(before) + 1}`;
  const script = `
    const { StateDirectory } = await import(${built('state-directory')});
    const { Ledger } = await import(${built('ledger')});
    const directory = StateDirectory.create('run', 'runner', {}, ${JSON.stringify(root)});
    Ledger.open(directory).setFile(${JSON.stringify(interval)}, ${JSON.stringify(changed)});
    process.kill(process.pid, 'SIGKILL');`;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  assert.equal(child.signal, 'SIGKILL', child.stderr);
  const name = readdirSync(root).find((one) => one.startsWith('run-')) ?? assert.fail('no state directory');
  const ledger = Ledger.open(StateDirectory.open(join(root, name)));
  const during = readFileSync(interval, 'utf8').trim();
  const actions = ledger.restore();
  assert.equal(readFileSync(interval, 'utf8').trim(), before);
  assert.equal(during, changed);
  assert.deepEqual(
    actions.map(({ ok }) => ok),
    [true],
  );
});

test('the record is on disk before a change that the kernel then refuses', { skip: notRoot }, (t) => {
  const directory = StateDirectory.create('run', 'runner', {}, temporaryDirectory(t));
  const ledger = Ledger.open(directory);
  assert.throws(() => ledger.setFile(interval, 'no number'), /EINVAL/);
  assert.match(readFileSync(directory.file('ledger.jsonl'), 'utf8'), /"new":"no number"/);
  assert.match(ledger.restore()[0]?.detail ?? '', /already/);
  assert.equal(existsSync(directory.file('ledger.jsonl')), false);
});

test('tracefs and fusectl are mounted and unmounted in a mount namespace of their own', {
  skip: notRoot,
}, (t) => {
  const script = `
    const { StateDirectory } = await import(${built('state-directory')});
    const { Ledger } = await import(${built('ledger')});
    const { findMount, readMountinfo } = await import(${built('../kernel/mountinfo')});
    const ledger = Ledger.open(StateDirectory.create('run', 'runner', {}, ${JSON.stringify(temporaryDirectory(t))}));
    const source = (target) => findMount(readMountinfo(), target)?.source ?? null;
    const look = () => [source('/sys/kernel/tracing'), source('/sys/fs/fuse/connections')];
    ledger.mountPseudo('tracefs');
    ledger.mountPseudo('fusectl');
    const mounted = look();
    const actions = ledger.restore();
    console.log(JSON.stringify({ mounted, actions, after: look() }));`;
  const prepare = 'umount -l /sys/kernel/tracing /sys/fs/fuse/connections 2>/dev/null; exec "$@"';
  const node = [process.execPath, '--input-type=module', '-e', script];
  const child = spawnSync('unshare', ['-m', 'sh', '-c', prepare, 'sh', ...node], { encoding: 'utf8' });
  assert.equal(child.status, 0, child.stderr);
  const { mounted, actions, after } = JSON.parse(child.stdout);
  assert.deepEqual(mounted, ['stuckfs', 'stuckfs']);
  assert.deepEqual(
    actions.map(({ what, detail }: { what: string; detail: string }) => [what, detail]),
    [
      ['/sys/fs/fuse/connections', 'unmounted'],
      ['/sys/kernel/tracing', 'unmounted'],
    ],
  );
  assert.deepEqual(after, [null, null]);
});
