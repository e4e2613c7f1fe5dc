/** How a virtual machine can fail, each way with a code of its own and what its console said last. */
import { StuckfsError } from '../base/errors.js';

export type VmErrorCode =
  /** The guest's kernel panicked. */
  | 'VM_PANIC'
  /** It lived on after an oops or a BUG: nothing that it says from there on is evidence. */
  | 'VM_OOPS'
  /** Neither a word nor a tick of its clock any more, or its job took longer than it may. */
  | 'VM_HUNG'
  /** QEMU is missing, refused its words, or died. */
  | 'VM_QEMU'
  /** The agent did not speak in time, or the machine ended before it did. */
  | 'VM_BOOT'
  /** It ended, and what it was to send is missing, cut short or not what it may be. */
  | 'VM_NO_RESULT';

export class VmError extends StuckfsError {
  /** Of a command that ends with it, as without a QEMU; runs go on, and what they do not know is `unknown`. */
  override readonly exitStatus: number;

  constructor(
    override readonly code: VmErrorCode,
    message: string,
    /** The last lines of the guest's console (for VM_QEMU: of QEMU's standard error), without control characters. */
    readonly tail: readonly string[],
    options?: { cause?: unknown },
  ) {
    super(
      tail.length === 0 ? message : `${message}\n${tail.map((line) => `  | ${line}`).join('\n')}`,
      options,
    );
    this.exitStatus = code === 'VM_QEMU' ? 4 : 3;
  }
}
