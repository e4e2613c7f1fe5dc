import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  findFusectlMount,
  fuseAbortPath,
  fuseConnectionId,
  listFuseConnections,
  readFuseConnection,
  readFuseWaiting,
} from '../../../src/kernel/fusectl.js';
import { parseMountinfo } from '../../../src/kernel/mountinfo.js';
import { fakeRoot, fixture, kernelFileError } from './fixtures.js';

const directory = '/sys/fs/fuse/connections';

test('connections are listed by number, and one is read with what it has', (t) => {
  const root = fakeRoot(t, {
    [`${directory}/100/waiting`]: '0\n',
    [`${directory}/39/waiting`]: '64\n',
    [`${directory}/39/max_background`]: '12\n',
    [`${directory}/39/congestion_threshold`]: '9\n',
    [`${directory}/not-a-number/waiting`]: '1\n',
  });
  assert.deepEqual(listFuseConnections(root), [39, 100]);
  assert.deepEqual(readFuseConnection(39, root), {
    id: 39,
    waiting: 64,
    maxBackground: 12,
    congestionThreshold: 9,
  });
  assert.deepEqual(readFuseConnection(100, root), { id: 100, waiting: 0 });
  assert.throws(
    () => readFuseWaiting(5, root),
    kernelFileError('KERNEL_FILE_UNREADABLE', { file: `${directory}/5/waiting`, errno: 2 }),
  );
});

test('no fusectl means no connections seen', (t) => {
  assert.deepEqual(listFuseConnections(fakeRoot(t, {})), []);
});

test('a waiting that is no number is malformed', (t) => {
  const root = fakeRoot(t, { [`${directory}/1/waiting`]: 'many\n' });
  assert.throws(() => readFuseWaiting(1, root), kernelFileError('KERNEL_FILE_MALFORMED', { line: 1 }));
});

test('the mount is told from mountinfo, and the number of a connection from its device', () => {
  const entries = parseMountinfo(fixture('mountinfo'));
  assert.equal(findFusectlMount(entries)?.mountId, 42);
  assert.equal(findFusectlMount(entries.filter((entry) => entry.mountId !== 42)), undefined);
  assert.equal(fuseConnectionId({ major: 0, minor: 45 }), 45);
  assert.equal(fuseConnectionId({ major: 8, minor: 1 }), 8388609);
  assert.equal(fuseAbortPath(45), '/sys/fs/fuse/connections/45/abort');
});
