/**
 * A mount and what serves it, by the transport that the configuration names.  On dev-fuse the two are separate steps;
 * libfuse serves from its mount on.
 */

import type { FuseMount } from '../transport/fuse-mount.js';
import { mountFuse } from '../transport/fuse-mount.js';
import { Serving, type ServingHandle } from './serving.js';
import type { ServingHostOptions } from './serving-host.js';

export interface ServedMount {
  readonly mount: FuseMount;
  /** Where it serves already. */
  readonly serving: ServingHandle | undefined;
  /** Begins to serve; call it once. */
  readonly serve: () => ServingHandle;
}

/** @throws what mountFuse() throws; {UsageError} where libfuse is asked for and not there */
export async function mountServed(options: ServingHostOptions): Promise<ServedMount> {
  const { mountPoint, mountOptions, config, maxBytes, splice, log } = options;
  if (config.transport === 'libfuse') {
    // Not loaded for others: it is an optional dependency.
    const { ServingHost } = await import('./serving-host.js');
    const serving = new ServingHost(options);
    return { mount: serving.mount, serving, serve: () => serving };
  }
  const mount = mountFuse(mountPoint, mountOptions);
  return {
    mount,
    serving: undefined,
    serve: () => new Serving({ fuseFd: mount.fd, config, maxBytes, splice, log }),
  };
}
