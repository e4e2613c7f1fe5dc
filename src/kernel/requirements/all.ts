/**
 * The list of requirements, in the order in which they are told. A new one is an entry in one of these files.
 */
import { folioRequirements } from './folios.js';
import { fuseRequirements } from './fuse.js';
import { memoryRequirements } from './memory.js';
import { nfsRequirements } from './nfs.js';
import { processRequirements } from './process.js';
import { programRequirements } from './programs.js';
import type { Requirement } from './requirement.js';
import { tracingRequirements } from './tracing.js';
import { untrustedRequirements } from './untrusted.js';

export const requirements: readonly Requirement[] = [
  ...processRequirements,
  ...fuseRequirements,
  ...tracingRequirements,
  ...memoryRequirements,
  ...untrustedRequirements,
  ...folioRequirements,
  ...nfsRequirements,
  ...programRequirements,
];
