/**
 * One `stuckfs run` in a guest: the words it gets there, what its environment tells it of its machine, how long it may
 * take.  The run directory comes back as it was recorded, with run.json only: whoever asked makes the other reports.
 */
import { guestFactsVariable } from '../base/guest-facts.js';
import { bootGuest } from './boot.js';
import type { BootNews, BootPlan, GuestEnd } from './boot-plan.js';
import type { Guest } from './guest/guest.js';
import type { GuestKernel } from './kernel.js';
import type { MachineShape } from './machine-shape.js';
import { guestOut } from './protocol.js';
import type { Accel } from './qemu/command-line.js';

export interface RunBootPlan {
  readonly kernel: GuestKernel;
  readonly guest: Guest;
  readonly shape: MachineShape;
  readonly accel: Accel;
  /** Of `stuckfs run`: scenarios and options that say what is played, as `wordsForCells` makes them. */
  readonly words: readonly string[];
  /** Becomes the run directory; must not exist, or be empty. */
  readonly out: string;
  /** By the guest's clock; absent: ten minutes. */
  readonly deadlineGuestMs?: number;
  readonly signal: AbortSignal;
  readonly progress: (news: BootNews) => void;
  readonly onQmp?: NonNullable<BootPlan['onQmp']>;
}

/** What a guest is told of its machine: it ends up in environment.json. */
interface GuestFacts {
  readonly kernel: string;
  readonly source: GuestKernel['source'];
  readonly accel: Accel;
  readonly shape: MachineShape;
}

const deadlineGuestMs = 600_000;

/** @throws {VmError}; {UsageError}; the signal's reason */
export function runBoot(plan: RunBootPlan): Promise<GuestEnd> {
  const { kernel, accel, shape, words } = plan;
  const facts: GuestFacts = { kernel: kernel.name, source: kernel.source, accel, shape };
  return bootGuest({
    deadlineGuestMs,
    ...plan,
    words: [
      ...['run', ...words],
      ...['--on', 'host', '--i-know-this-host-is-disposable'],
      ...['--reports', 'verdict', '--out', guestOut],
    ],
    env: { [guestFactsVariable]: JSON.stringify(facts) },
  });
}

/** What of a run's words goes to a guest as it is. */
interface PlayedWords {
  /** Every mitigation and transport, too. */
  readonly all: boolean;
  readonly transports: readonly string[];
  readonly mitigations: readonly string[];
  readonly repeat: number;
  readonly stuckBytes: number;
  readonly holdMs: number;
  readonly seed: number;
}

/** The words that have `stuckfs run` play these cells. */
export function wordsForCells(
  cells: readonly { readonly scenario: { readonly id: string }; readonly trigger: { readonly id: string } }[],
  { all, transports, mitigations, repeat, stuckBytes, holdMs, seed }: PlayedWords,
): readonly string[] {
  const each = (option: string, values: readonly string[]): readonly string[] =>
    [...new Set(values)].flatMap((value) => [option, value]);
  return [
    ...(all ? ['--all'] : []),
    ...each(
      '--scenario',
      cells.map(({ scenario }) => scenario.id),
    ),
    ...each(
      '--trigger',
      cells.map(({ trigger }) => trigger.id),
    ),
    ...each('--transport', transports),
    ...each('--mitigation', mitigations),
    ...['--repeat', `${repeat}`, '--stuck', `${stuckBytes}`, '--hold', `${holdMs}ms`, '--seed', `${seed}`],
  ];
}
