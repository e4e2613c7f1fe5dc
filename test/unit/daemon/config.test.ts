import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DaemonConfigSpec, MAX_HOLD_MS } from '../../../src/daemon/config.js';

const accepts = (config: Record<string, unknown>) =>
  DaemonConfigSpec.safeParse({ mountPoint: '/mnt', ...config }).success;

describe('DaemonConfigSpec', () => {
  it('needs only the mount point, and holds for two minutes at the most by default', () => {
    const config = DaemonConfigSpec.parse({ mountPoint: '/mnt' });
    assert.equal(config.maxHoldMs, 120_000);
    assert.equal(config.writebackCache, true);
    assert.equal(config.maxPages, 256);
    assert.equal(config.maxBackground, 65_535);
    assert.equal(config.noFlush, false);
    assert.deepEqual(config.mountOptions, []);
  });

  const bounds: readonly (readonly [field: string, least: number, most: number])[] = [
    ['maxHoldMs', 1, MAX_HOLD_MS],
    // u16 of struct fuse_init_out
    ['maxPages', 1, 0xffff],
    ['maxBackground', 1, 0xffff],
    ['attrTimeoutMs', 0, MAX_HOLD_MS],
    ['entryTimeoutMs', 0, MAX_HOLD_MS],
    ['seed', 0, 0xffff_ffff],
    ['maxInodes', 1, Number.MAX_SAFE_INTEGER],
    ['maxBytes', 1, Number.MAX_SAFE_INTEGER],
    ['readyFd', 0, Number.MAX_SAFE_INTEGER],
    ['leashFd', 0, Number.MAX_SAFE_INTEGER],
  ];
  for (const [field, least, most] of bounds) {
    it(`takes ${field} from ${least} to ${most}, and whole numbers only`, () => {
      assert.ok(accepts({ [field]: least }));
      assert.ok(accepts({ [field]: most }));
      assert.ok(!accepts({ [field]: least - 1 }));
      assert.ok(!accepts({ [field]: most + 1 }));
      assert.ok(!accepts({ [field]: least + 0.5 }));
      assert.ok(!accepts({ [field]: `${least}` }));
    });
  }

  it('takes absolute paths only, and no word that it does not know', () => {
    assert.ok(!accepts({ mountPoint: 'mnt' }));
    assert.ok(!accepts({ runDirectory: 'run' }));
    assert.ok(!accepts({ maxholdms: 5 }));
    assert.ok(!DaemonConfigSpec.safeParse({}).success);
  });
});
