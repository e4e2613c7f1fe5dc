/** How much the store may take where nobody said: half of what is available, so that it cannot eat the machine. */
import { readMeminfo } from '../kernel/meminfo.js';

const KIB = 1024;
/** Where /proc/meminfo has no MemAvailable. */
const FALLBACK_BYTES = 1 << 30;

export function defaultMaxBytes(): number {
  const availableKib = readMeminfo().get('MemAvailable');
  return availableKib === undefined ? FALLBACK_BYTES : Math.floor((availableKib * KIB) / 2);
}
