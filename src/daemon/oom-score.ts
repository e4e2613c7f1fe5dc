/** Who is ended first when memory runs out. Authority: proc_pid_oom_score_adj(5). */
import { writeFileSync } from 'node:fs';

/** The daemon holds up everybody on its mount, and scenarios press memory: all but its watchdog are to go first. */
export function preferNotToBeKilled(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '-900');
  } catch {
    // Not allowed without CAP_SYS_RESOURCE; the watchdog is there for this case too.
  }
}
