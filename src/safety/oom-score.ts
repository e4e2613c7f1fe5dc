/** Who is ended last when memory runs out, which scenarios make happen. Authority: proc_pid_oom_score_adj(5). */
import { writeFileSync } from 'node:fs';

/** @returns why it is not allowed (CAP_SYS_RESOURCE is needed); undefined where it is done */
export function neverKilledForMemory(): string | undefined {
  try {
    writeFileSync('/proc/self/oom_score_adj', '-1000');
    return undefined;
  } catch (error) {
    return String(error);
  }
}
