/** `stuckfs vm run SCENARIO…`: what `stuckfs run --on vm` does. */
import { defineCommand } from '../command.js';
import { runLists, runOptions } from '../run/options.js';

export const vmRunCommand = defineCommand(
  {
    usage: 'run [name..]',
    describe:
      'stuckfs run in a VM: boot a kernel, run scenarios there, bring the run directory back; needs no root',
    lists: runLists,
    examples: [
      ['vm run writeback-held', 'on a stock kernel'],
      ['vm run writeback-held --kernel debian:6.12', 'on another; see stuckfs vm kernels'],
      [
        'vm run writeback-held --kernel arch/x86/boot/bzImage --modules /tmp/m/lib/modules/6.19.0',
        'your own',
      ],
      [
        'vm run healthy writeback-held --trigger offline --trigger move-pages',
        'each on a machine that has it',
      ],
    ],
    options: (yargs) =>
      runOptions(yargs).epilogue(
        'Cells that need the same machine share a boot, unless their trigger harms the kernel. The run directory of one ' +
          'boot is OUT itself, those of several are in it. Deadlines are in guest time.',
      ),
    async run(argv, context) {
      const { playAndReport } = await import('../run/play.js');
      await playAndReport(argv, { on: 'vm', because: 'asked for' }, context);
    },
  },
  ['vm'],
);
