/** The configuration as far as libfuse 2.9 can carry it out; what it cannot do is off. Pure. */
import { LIBFUSE_MAX_BACKGROUND, libfuseSession } from '../transport/libfuse/session.js';
import type { DaemonConfig } from './config.js';

export function withinLibfuse(config: DaemonConfig): DaemonConfig {
  return {
    ...config,
    writebackCache: false,
    noFlush: false,
    splice: { read: false, write: 'none' },
    maxPages: libfuseSession.maxPages,
    maxBackground: Math.min(config.maxBackground, LIBFUSE_MAX_BACKGROUND),
  };
}
