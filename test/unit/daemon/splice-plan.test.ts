import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { UsageError } from '../../../src/base/errors.js';
import { DaemonConfigSpec } from '../../../src/daemon/config.js';
import { pinsWithin, planSplice } from '../../../src/daemon/splice-plan.js';
import { close } from '../../../src/syscall/file.js';

const refuses = (run: () => unknown, ...texts: RegExp[]) =>
  assert.throws(
    run,
    (error) => error instanceof UsageError && texts.every((text) => text.test(error.message)),
  );
const config = (splice: object) => DaemonConfigSpec.parse({ mountPoint: '/mnt', maxPages: 8, splice });

describe('how many WRITEs can be pinned', () => {
  it('is what the descriptors leave, and no more than there can be', () => {
    assert.equal(pinsWithin(20_000, undefined), 19_744);
    assert.equal(pinsWithin(320, undefined), 64);
    assert.equal(pinsWithin(Number.MAX_SAFE_INTEGER, undefined), 65_536);
  });

  it('is what is asked for, where the descriptors are enough', () => {
    assert.equal(pinsWithin(20_000, 5), 5);
    assert.equal(pinsWithin(261, 5), 5);
    assert.equal(pinsWithin(200_000, 100_000), 100_000);
    // Beside a backing directory.
    assert.equal(pinsWithin(20_000, undefined, 256 + 8192), 11_552);
    refuses(() => pinsWithin(4096, 64, 256 + 8192), /needs 8512 descriptors/);
  });

  it('is refused with the number that is needed', () => {
    refuses(() => pinsWithin(319, undefined), /RLIMIT_NOFILE: 319/, /needs 320 .*ulimit -n 320/);
    refuses(() => pinsWithin(260, 5), /--max-pins: 5/, /needs 261 descriptors/, /is 260/, /at most 4 pins/);
    refuses(() => pinsWithin(64, 1), /needs 257 descriptors/, /^(?!.*at most)/);
  });
});

describe('planSplice', () => {
  it('is nothing where nothing is spliced', () => {
    assert.equal(planSplice(config({})), undefined);
  });

  it('needs no descriptors for replies', () => {
    const plan = planSplice(config({ write: 'copy' }));
    assert.equal(plan?.maxPins, 0);
    assert.deepEqual(plan?.status, {
      read: false,
      write: 'copy',
      source: null,
      maxPins: null,
      limited: null,
    });
  });

  it('says how many can be pinned, and refuses more than that', () => {
    assert.equal(planSplice(config({ read: true, maxPins: 3 }))?.status.maxPins, 3);
  });

  it('makes the scratch file where it is told to, without a name', () => {
    const directory = mkdtempSync(join(tmpdir(), 'stuckfs-plan-'));
    const plan = planSplice(config({ write: 'move', source: directory }));
    assert.ok(plan?.scratchFd !== undefined && plan.scratchFd >= 0);
    close(plan.scratchFd);
    assert.deepEqual(readdirSync(directory), []);
    rmSync(directory, { recursive: true });
    refuses(() => planSplice(config({ write: 'move', source: directory })), /--splice-source/, /ENOENT/);
  });
});
