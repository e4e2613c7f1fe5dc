/** The mitigations, a line each. */
import { abort } from './abort.js';
import { bdiLimit } from './bdi-limit.js';
import { killServer } from './kill-server.js';
import type { Mitigation } from './mitigation.js';
import { release } from './release.js';
import { requestTimeout } from './request-timeout.js';

export const mitigations: readonly Mitigation[] = [release, abort, killServer, requestTimeout, bdiLimit];

export function findMitigation(id: string): Mitigation | undefined {
  return mitigations.find((mitigation) => mitigation.id === id);
}
