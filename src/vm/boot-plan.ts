/** What it takes to boot a guest and have a job done in it, and what is told meanwhile. */
import type { MachineShape } from './machine-shape.js';
import type { Accel } from './qemu/command-line.js';
import type { QmpClient } from './qemu/qmp.js';

export interface BootPlan {
  readonly kernel: { readonly release: string; readonly image: string };
  readonly guest: { readonly initrd: string; readonly image: string | undefined };
  readonly shape: MachineShape;
  readonly accel: Accel;
  /** Of `stuckfs` in the guest. */
  readonly words: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Deadlines in the guest are this many times as long. By default what the accelerator makes of them. */
  readonly patience?: number;
  /** Gets what the guest's run directory holds; must not exist, or be an empty directory. */
  readonly out: string;
  /** From the agent's first word, by the guest's clock. */
  readonly deadlineGuestMs: number;
  readonly limits?: Partial<HostLimits>;
  /** Ends the machine; then `bootGuest` throws its reason. */
  readonly signal: AbortSignal;
  readonly progress: (news: BootNews) => void;
  /** What else the guest is to be given: memory that is unplugged while the job runs. Called once, at the start. */
  readonly onQmp?: (qmp: QmpClient) => void;
  /** More of the kernel's parameters. */
  readonly kernelWords?: readonly string[];
}

/** In the host's time: generous, as they only tell a dead guest from a slow one. */
export interface HostLimits {
  readonly bootMs: number;
  readonly silenceMs: number;
  readonly capMs: number;
  /** What the guest may send. */
  readonly resultBytes: number;
}

export type BootNews =
  /** The job wrote a line, at this time of the guest's boot clock. */
  | {
      readonly kind: 'line';
      readonly stream: 'stdout' | 'stderr';
      readonly line: string;
      readonly guestNs: number;
    }
  /** Of the guest's kernel: no failure by itself. */
  | { readonly kind: 'kernel'; readonly line: string };

export interface GuestEnd {
  readonly kind: 'ended';
  /** Of the job. */
  readonly exitStatus: number;
  /** From the agent's first word to the job's end, by the guest's clock. */
  readonly guestMs: number;
}
