/** `release`: the server itself lets go.  What no other mitigation has to be better than; nothing is lost. */
import { type Mitigation, nothingMissing, nowNs } from './mitigation.js';

export const release: Mitigation = {
  id: 'release',
  description: 'the server answers what it withholds',
  kernelFunction: 'fuse_dev_do_write()',
  acts: 'once the trigger waits',
  endsConnection: false,
  missing: nothingMissing,
  async act({ letGo }) {
    const askedNs = nowNs();
    await letGo();
    return askedNs;
  },
};
