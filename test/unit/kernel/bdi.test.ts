import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bdiPath, readBdi } from '../../../src/kernel/bdi.js';
import { fakeRoot, kernelFileError } from './fixtures.js';

const device = { major: 0, minor: 45 };
const directory = '/sys/class/bdi/0:45';

test('what the kernel has is read, what it lacks is absent', (t) => {
  const root = fakeRoot(t, {
    [`${directory}/read_ahead_kb`]: '128\n',
    [`${directory}/min_ratio`]: '0\n',
    [`${directory}/max_ratio`]: '1\n',
    [`${directory}/stable_pages_required`]: '0\n',
  });
  assert.deepEqual(readBdi(device, root), { read_ahead_kb: 128, min_ratio: 0, max_ratio: 1 });
});

test('the attributes of 6.2 and later', (t) => {
  const root = fakeRoot(t, {
    [`${directory}/max_ratio`]: '1\n',
    [`${directory}/max_ratio_fine`]: '10000\n',
    [`${directory}/min_ratio_fine`]: '0\n',
    [`${directory}/min_bytes`]: '0\n',
    [`${directory}/max_bytes`]: '195198976\n',
    [`${directory}/strict_limit`]: '1\n',
  });
  assert.deepEqual(readBdi(device, root), {
    max_ratio: 1,
    min_ratio_fine: 0,
    max_ratio_fine: 10000,
    min_bytes: 0,
    max_bytes: 195198976,
    strict_limit: 1,
  });
  assert.equal(bdiPath(device, 'strict_limit'), `${directory}/strict_limit`);
});

test('no such device, and a value that is no number', (t) => {
  assert.throws(
    () => readBdi(device, fakeRoot(t, {})),
    kernelFileError('KERNEL_FILE_UNREADABLE', { file: directory }),
  );
  assert.throws(
    () => readBdi(device, fakeRoot(t, { [`${directory}/max_ratio`]: 'all\n' })),
    kernelFileError('KERNEL_FILE_MALFORMED', { file: `${directory}/max_ratio` }),
  );
});
