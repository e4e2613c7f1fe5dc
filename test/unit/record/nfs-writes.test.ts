import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unansweredNfsWrites } from '../../../src/record/nfs-writes.js';

const file = { device: '0:47', ino: 131 };
const line = (event: string, payload: string) =>
  `  kworker/u4:1-31      [000] .....    12.345678: ${event}: ${payload}`;
const begun = (id: string, offset: number, count = 65536) =>
  line(
    'nfs_initiate_write',
    `fileid=${id} fhandle=0x1b2c3d4e offset=${offset} count=${count} stable=0 (UNSTABLE)`,
  );
const done = (id: string, offset: number) =>
  line(
    'nfs_writeback_done',
    `error=65536 (OK) fileid=${id} fhandle=0x1b2c3d4e offset=${offset} arg_count=65536 res_count=65536 stable=0 (UNSTABLE) verifier=aa`,
  );

test('WRITEs of the file that have no answer, in the order in which they were begun', () => {
  const trace = [begun('00:2f:131', 0), begun('00:2f:131', 65536, 4096), begun('00:2f:132', 0)].join('\n');
  assert.deepEqual(unansweredNfsWrites(trace, file), [
    { unique: '1', opcode: 'NFS_WRITE', nodeid: 131, offset: 0, size: 65536 },
    { unique: '2', opcode: 'NFS_WRITE', nodeid: 131, offset: 65536, size: 4096 },
  ]);
});

test('one that is answered is not among them, and one that is sent again is there once', () => {
  const trace = [
    begun('00:2f:131', 0),
    begun('00:2f:131', 65536),
    done('00:2f:131', 0),
    begun('00:2f:131', 65536),
    done('00:30:131', 65536),
  ].join('\n');
  assert.deepEqual(
    unansweredNfsWrites(trace, file).map(({ unique, offset }) => [unique, offset]),
    [['3', 65536]],
  );
});
