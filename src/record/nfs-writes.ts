/**
 * The WRITEs that an NFS client has sent, or is about to, and that have no answer yet: from the trace, as there is
 * nobody to ask.  They are numbered in the order in which they were begun.
 * Authority: nfs:nfs_initiate_write, nfs:nfs_writeback_done (fs/nfs/nfstrace.h).
 */
import { parseTraceLine } from '../kernel/trace-line.js';
import type { HeldRequestRecord } from './events.js';

const begun = 'nfs_initiate_write';
const done = 'nfs_writeback_done';
const fields = /\bfileid=([0-9a-f]+):([0-9a-f]+):(\d+) .*\boffset=(\d+) (?:arg_)?count=(\d+)/;

/** @param device "MAJOR:MINOR" */
export function unansweredNfsWrites(
  trace: string,
  { device, ino }: { readonly device: string; readonly ino: number },
): HeldRequestRecord[] {
  const open = new Map<string, HeldRequestRecord>();
  let number = 0;
  for (const text of trace.split('\n')) {
    if (!text.includes(begun) && !text.includes(done)) continue;
    const line = parseTraceLine(text);
    if (line.kind !== 'event' || (line.event !== begun && line.event !== done)) continue;
    const match = fields.exec(line.payload);
    if (match === null) continue;
    const [, major = '', minor = '', fileid, offset, size] = match;
    const isOfFile =
      `${Number.parseInt(major, 16)}:${Number.parseInt(minor, 16)}` === device && Number(fileid) === ino;
    if (!isOfFile) continue;
    if (line.event === done) {
      open.delete(`${offset}`);
      continue;
    }
    number += 1;
    open.set(`${offset}`, {
      unique: `${number}`,
      opcode: 'NFS_WRITE',
      nodeid: ino,
      offset: Number(offset),
      size: Number(size),
    });
  }
  return [...open.values()];
}
