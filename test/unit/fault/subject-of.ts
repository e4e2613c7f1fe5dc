/** Subjects for tests: a WRITE of 4 KiB at 0 to /dir/file, with whatever a test wants otherwise. */
import type { NodeId, Unique } from '../../../src/base/branded.js';
import type { Subject } from '../../../src/fault/subject.js';
import { Opcode } from '../../../src/protocol/opcode.js';

interface Wanted {
  opcode?: number;
  nodeid?: number;
  offset?: number | undefined;
  size?: number | undefined;
  path?: string | undefined;
  arrivedMs?: number;
  onPath?: () => void;
}

export function subjectOf(wanted: Wanted = {}): Subject {
  const place = { nodeid: 2, offset: 0, size: 4096, path: '/dir/file' };
  const defaults = { opcode: Opcode.FUSE_WRITE, ...place, arrivedMs: 0 };
  const { opcode, nodeid, offset, size, path, arrivedMs, onPath } = {
    ...defaults,
    ...wanted,
    onPath: wanted.onPath,
  };
  return {
    opcode,
    nodeid: nodeid as NodeId,
    unique: 2n as Unique,
    arrivedMs,
    pid: 100,
    offset,
    size,
    path: () => {
      onPath?.();
      return path;
    },
  };
}
