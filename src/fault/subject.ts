/**
 * What a fault sees of a request.  The daemon makes one from the decoded header; this room never decodes.
 */
import type { NodeId, Unique } from '../base/branded.js';

export interface Subject {
  /** Number of enum fuse_opcode; may be one that this protocol version does not know, which no fault matches. */
  readonly opcode: number;
  readonly nodeid: NodeId;
  readonly unique: Unique;
  /** When the daemon read it: monotonic ms, never below that of an earlier one. */
  readonly arrivedMs: number;
  /** Thread id of the caller in the server's pid namespace; 0 for the kernel's own writeback. */
  readonly pid: number;
  /** First byte of the file that the request is about; undefined where the opcode is not about bytes of a file. */
  readonly offset: number | undefined;
  /** Bytes asked for or written; undefined counts as 0. */
  readonly size: number | undefined;
  /**
   * Path inside the mount, "/" its root; undefined for a node that has none any more (unlinked).
   * Asked only for an opcode for which some fault has a glob.
   */
  path(): string | undefined;
}
