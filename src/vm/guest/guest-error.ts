/** The guest could not be built: something is missing here, or the kernel lacks what every guest needs. */
import { StuckfsError } from '../../base/errors.js';

export type GuestErrorCode =
  /** A program that builds it is missing. */
  | 'GUEST_PROGRAM'
  /** What goes into it is not what it should be: another architecture, no modules, not built. */
  | 'GUEST_INPUT'
  /** The kernel cannot boot it. */
  | 'GUEST_KERNEL'
  /** The cache cannot be written; mostly, the disk is full. */
  | 'GUEST_CACHE';

export class GuestError extends StuckfsError {
  /** 2 where another kernel or another build helps, 4 where this machine cannot. */
  override readonly exitStatus: number;

  constructor(
    override readonly code: GuestErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
    this.exitStatus = code === 'GUEST_INPUT' || code === 'GUEST_KERNEL' ? 2 : 4;
  }
}
