/** Who is ended last when memory runs out, which scenarios make happen. Authority: proc_pid_oom_score_adj(5). */
import { writeFileSync } from 'node:fs';

/** The daemon holds up everybody on its mount: all but those that end that when it is gone are to go before it. */
const scores = { daemon: -900, guardian: -1000 } as const;

/** @returns why it is not allowed (CAP_SYS_RESOURCE is needed); undefined where it is done */
export function preferNotToBeKilled(as: keyof typeof scores): string | undefined {
  try {
    writeFileSync('/proc/self/oom_score_adj', `${scores[as]}`);
    return undefined;
  } catch (error) {
    return String(error);
  }
}
