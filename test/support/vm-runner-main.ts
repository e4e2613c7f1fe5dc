/** A runner that boots the shell guest and is killed by its test. Says each line of the guest. */
import { bootGuest } from '../../src/vm/boot.js';
import { testVm } from './test-vm.js';

const vm = testVm();
process.stdout.write(`${vm.directory}\n`);
await bootGuest(
  vm.plan(process.argv[2] ?? '', { progress: (told) => process.stdout.write(`${told.line}\n`) }),
);
