/** `stuckfs vm`: other kernels, in virtual machines, without root. */
import { defineGroup } from '../command.js';
import { vmBisectHelperCommand } from './vm-bisect-helper.js';
import { vmKernelsCommand } from './vm-kernels.js';
import { vmRunCommand } from './vm-run.js';

export const vmCommand = defineGroup('vm', 'other kernels, in virtual machines; needs no root', [
  vmRunCommand,
  vmKernelsCommand,
  vmBisectHelperCommand,
]);
