/**
 * A daemon for tests that serves nothing: it starts its watchdog, says how it is, and obeys a few words on stdin.
 * Arguments: JSON of DaemonArguments. Descriptor 3 is the leash, where there is one.
 */
import { createInterface } from 'node:readline';
import { StateDirectory } from '../../../src/safety/state-directory.js';
import { spawnWatchdog } from '../../../src/safety/watchdog.js';

export interface DaemonArguments {
  readonly stateRoot: string;
  readonly abortPath: string;
  readonly maxHoldMs: number;
  readonly hasLeash: boolean;
  readonly runDirectory?: string;
}

const args: DaemonArguments = JSON.parse(process.argv[2] ?? '');
const directory = StateDirectory.create('mount', 'daemon', {}, args.stateRoot);
const watchdog = await spawnWatchdog(
  {
    directory,
    abortPath: args.abortPath,
    maxHoldMs: args.maxHoldMs,
    ...(args.hasLeash ? { leashFd: 3 } : {}),
    ...(args.runDirectory === undefined ? {} : { runDirectory: args.runDirectory }),
  },
  new URL('./watchdog-entry.js', import.meta.url),
);
let heldSinceMs: number | undefined;
const say = () => watchdog.heartbeat(heldSinceMs === undefined ? null : performance.now() - heldSinceMs);
const timer = setInterval(say, 100);
void watchdog.aborted.then((reason) => console.log(JSON.stringify({ aborted: reason })));
void watchdog.ended.then(() => console.log(JSON.stringify({ watchdogEnded: true })));
console.log(
  JSON.stringify({ watchdog: watchdog.pid, startTime: watchdog.startTime, directory: directory.path }),
);
for await (const word of createInterface({ input: process.stdin })) {
  if (word === 'hold') heldSinceMs = performance.now();
  if (word === 'release') heldSinceMs = undefined;
  say();
  if (word === 'bye') {
    clearInterval(timer);
    watchdog.bye();
    process.exit();
  }
}
