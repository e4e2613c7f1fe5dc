/** `stuckfs vm`: other kernels, in virtual machines, without root. */
import { defineGroup } from '../command.js';
import { vmKernelsCommand } from './vm-kernels.js';

export const vmCommand = defineGroup('vm', 'other kernels, in virtual machines; needs no root', [
  vmKernelsCommand,
]);
