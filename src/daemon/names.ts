/** Paths to inodes, for a transport that names files by their paths (libfuse). */
import type { NodeId } from '../base/branded.js';
import { Errno } from '../base/errno.js';
import { isFailure } from '../store/failure.js';
import type { Store } from '../store/store.js';
import type { Names } from '../transport/libfuse/operations.js';

const ROOT = 1 as NodeId;

export function namesOf(store: Store): Names {
  return {
    forget: (nodeid, nlookup) => {
      if (nodeid !== ROOT) store.forget(nodeid, nlookup);
    },
    resolve: (path) => {
      // libfuse calls a file that it has lost "-".
      if (!path.startsWith('/')) return -Errno.ENOENT;
      let nodeid = ROOT;
      for (const name of path.split('/')) {
        if (name === '') continue;
        const found = store.lookup(nodeid, name);
        if (isFailure(found)) return found;
        nodeid = found.nodeid;
      }
      // As the kernel would: else a store that forgets what is idle may forget it while its request is held.
      if (nodeid !== ROOT) store.remember(nodeid);
      return nodeid;
    },
  };
}
