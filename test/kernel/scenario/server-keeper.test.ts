/** Real daemons on real mounts: which is handed on to the next arm, and that no other stays mounted. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { readMountinfo } from '../../../src/kernel/mountinfo.js';
import { cleanUp } from '../../../src/safety/cleanup.js';
import { StateDirectory } from '../../../src/safety/state-directory.js';
import { Server, type ServerConfig } from '../../../src/scenario/server.js';
import { type KeptServer, ServerKeeper } from '../../../src/scenario/server-keeper.js';
import { devFuse, requires, root } from '../../support/requirement.js';

describe('a server that is kept', requires(root, devFuse), () => {
  let directory: string;
  let state: StateDirectory;
  let keeper: ServerKeeper;
  let wanted: Omit<ServerConfig, 'mountPoint' | 'logFile'>;
  let kept: KeptServer & { readonly server: Server };

  const isMounted = () => readMountinfo().some(({ mountPoint }) => mountPoint === kept.mountPoint);

  beforeEach(async () => {
    directory = realpathSync(mkdtempSync(join(tmpdir(), 'stuckfs-keeper-')));
    state = StateDirectory.create('run', 'runner', {});
    keeper = new ServerKeeper((news) => assert.fail(news));
    wanted = { maxHoldMs: 60_000, seed: 1, maxBytes: 1 << 20, runDirectory: state.path, design: {} };
    const mountPoint = join(directory, 'mnt');
    mkdirSync(mountPoint);
    const server = await Server.start({ ...wanted, mountPoint, logFile: join(directory, 'daemon.log') });
    kept = { server, mountPoint, arm: 7, wanted };
  });

  afterEach(async () => {
    await keeper.end();
    await kept.server.stop(5000);
    await cleanUp(state);
    rmSync(directory, { recursive: true, force: true });
  });

  test('is handed on once it is empty again, and says what it had answered before', async () => {
    const file = join(kept.mountPoint, 'file');
    writeFileSync(file, 'x'.repeat(10_000));
    assert.equal(await keeper.giveBack(kept), false, 'it has a file still');
    unlinkSync(file);
    assert.equal(await keeper.giveBack(kept), true);
    const { total, refused } = kept.server.answeredBefore;
    assert.ok(total >= 3 && refused === 0, `${total} answered, ${refused} refused`);
    assert.equal(await keeper.take({ ...wanted, design: {} }), kept);
    assert.equal(await keeper.take(wanted), undefined, 'nobody else has it');
    assert.equal(isMounted(), true);
  });

  test('is not taken back with a fault armed, or with the cable pulled', async () => {
    await kept.server.client.addFault({ match: { opcodes: ['write'] }, action: { type: 'hold' } });
    assert.equal(await keeper.giveBack(kept), false);
    await kept.server.client.clearFaults();
    await kept.server.client.unplug();
    assert.equal(await keeper.giveBack(kept), false);
    await kept.server.client.plug();
    assert.equal(await keeper.giveBack(kept), true);
    await keeper.end();
    assert.equal(isMounted(), false);
  });

  test('is left alone where another is wanted, and ended once three others are kept', async () => {
    assert.equal(await keeper.giveBack(kept), true);
    for (const arm of [8, 9, 10]) {
      const other = { ...wanted, seed: arm };
      assert.equal(await keeper.take(other), undefined);
      assert.equal(isMounted(), true);
      const mountPoint = join(directory, `mnt-${arm}`);
      mkdirSync(mountPoint);
      const logFile = join(directory, `daemon-${arm}.log`);
      const server = await Server.start({ ...other, mountPoint, logFile });
      assert.equal(await keeper.giveBack({ server, mountPoint, arm, wanted: other }), true);
    }
    assert.equal(isMounted(), false);
    const eighth = await keeper.take({ ...wanted, seed: 8 });
    assert.equal(eighth?.arm, 8);
    await eighth.server.stop(5000);
    await keeper.end();
    assert.deepEqual(
      readMountinfo().filter(({ mountPoint }) => mountPoint.startsWith(directory)),
      [],
    );
  });

  test('is not handed on once it was killed: what it left is gone', async () => {
    assert.equal(await keeper.giveBack(kept), true);
    await kept.server.kill();
    assert.equal(await keeper.take(wanted), undefined);
    assert.equal(isMounted(), false);
    assert.equal(await keeper.giveBack(kept), false);
  });
});
