/**
 * What a daemon or a run writes down about itself, so that somebody else can end it: the shape of state.json.
 * A process is named by its pid and its start time together, so that a pid that was given out again is nobody.
 * Authority: proc_pid_stat(5), field 22; the reader is `stuckfs rescue`, maybe of a later version.
 */
import * as z from 'zod';

export const stateVersion = 1;

const pid = z.int().positive();
/** Clock ticks since boot. */
const startTime = z.int().nonnegative();
const absolutePath = z.string().regex(/^\/[^\0]*$/, 'an absolute path');

const role = z.enum([
  'daemon',
  'watchdog',
  'runner',
  'workload',
  'trigger',
  'recorder',
  'ballast',
  'peers',
  'guard',
]);
export type ProcessRole = z.infer<typeof role>;
export const processRoles: readonly ProcessRole[] = role.options;

const recordedProcess = z.strictObject({ role, pid, startTime });
export type RecordedProcess = Readonly<z.infer<typeof recordedProcess>>;

export const stateSchema = z.strictObject({
  version: z.literal(stateVersion),
  kind: z.enum(['mount', 'run']),
  pid,
  startTime,
  mountPoint: absolutePath.optional(),
  /** `major:minor` of the mount, as mountinfo has it. */
  device: z
    .string()
    .regex(/^\d+:\d+$/, 'major:minor')
    .optional(),
  /** The number under /sys/fs/fuse/connections. */
  connection: z.int().nonnegative().optional(),
  socketPath: absolutePath.optional(),
  /** The run that a mount belongs to: the name of its state directory. */
  leader: z
    .string()
    .regex(/^run-\d+-\d+$/)
    .optional(),
  processes: z.array(recordedProcess),
});
export type State = Readonly<z.infer<typeof stateSchema>>;
export type StateKind = State['kind'];
