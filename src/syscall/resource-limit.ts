/** getrlimit(2) and setrlimit(2) for RLIMIT_NOFILE, the number of descriptors of this process. */
import { declare, orErrno } from './libc.js';

/** <asm-generic/resource.h> */
const RLIMIT_NOFILE = 7;

const cGetrlimit = declare<(resource: number, limit: BigUint64Array) => number>(
  'int getrlimit(int resource, uint64_t *limit)',
);
const cSetrlimit = declare<(resource: number, limit: BigUint64Array) => number>(
  'int setrlimit(int resource, uint64_t *limit)',
);

/**
 * Raises the soft limit to the hard one, which nobody can refuse, and answers what then is in force.
 * Number.MAX_SAFE_INTEGER stands for RLIM_INFINITY.
 */
export function raiseNofileLimit(): number {
  const limit = new BigUint64Array(2);
  if (orErrno(cGetrlimit(RLIMIT_NOFILE, limit)) < 0) return 0;
  const [soft = 0n, hard = 0n] = limit;
  const raised = soft < hard && orErrno(cSetrlimit(RLIMIT_NOFILE, BigUint64Array.of(hard, hard))) === 0;
  const inForce = raised ? hard : soft;
  return inForce > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(inForce);
}
