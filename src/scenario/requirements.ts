/** What this machine must have for a run on its own kernel; the first thing that is missing, with its remedy. */
import { UsageError } from '../base/errors.js';
import { readProcStatus } from '../kernel/proc-status.js';
import { close, OpenFlag, open } from '../syscall/file.js';
import { triggers } from '../trigger/registry.js';

/** include/uapi/linux/capability.h */
const CAP_SYS_ADMIN = 21n;

const files: readonly (readonly [path: string, flags: number, remedy: string])[] = [
  ['/dev/fuse', OpenFlag.O_RDWR, 'load the fuse module, or give the container --device /dev/fuse'],
  ['/proc/kpageflags', OpenFlag.O_RDONLY, 'needs CONFIG_PROC_PAGE_MONITOR and root'],
  ['/dev/kmsg', OpenFlag.O_RDONLY, 'needs CAP_SYSLOG'],
];

export function missingRequirement(): UsageError | undefined {
  const { capEff, uids } = readProcStatus('self');
  if ((capEff & (1n << CAP_SYS_ADMIN)) === 0n) {
    const remedy =
      'run as root: mounting, tracing and compaction need CAP_SYS_ADMIN (stuckfs doctor shows all)';
    return new UsageError('user', `uid ${uids[1]}`, remedy);
  }
  for (const [path, flags, remedy] of files) {
    const fd = open(path, flags | OpenFlag.O_CLOEXEC);
    if (fd < 0) return new UsageError('machine', path, `cannot be opened: ${remedy}`);
    close(fd);
  }
  for (const trigger of triggers) {
    const missing = trigger.missing();
    if (missing !== undefined) return new UsageError('--trigger', trigger.id, missing);
  }
  return undefined;
}
