/**
 * `stuckfs fault`: the faults of a daemon, in the order in which they are tried.
 */
import { UsageError } from '../../base/errors.js';
import { type Command, defineCommand, defineGroup } from '../command.js';
import { withConditions } from '../condition-options.js';
import { wholeNumber } from '../option-values.js';
import { formatTable } from '../table.js';
import { withTarget } from '../target-options.js';

const parent = ['fault'];

const actions = `Actions:
  hold            no answer until release
  never           no answer; release passes over it unless --unique, --fault or --never names it
  delay HOW       a later answer; HOW is a distribution, or rate:10M: READ and WRITE answered
                  one after the other at that many bytes a second
  fail ERRNO      answered with that errno and not carried out: a failed WRITE is not stored.
                  ENOSYS means "no such call": the kernel may never ask again
  short 4096|50%  READ and WRITE only: so many bytes at most, or that share of those asked for;
                  of a WRITE only those are stored
  pin             WRITE only: answered at once, the data stays in a pipe until release; needs
                  a mount with --splice read`;

const add: Command = defineCommand(
  {
    usage: 'add [words..]',
    describe: 'arm a fault: an action, opcodes, conditions',
    lists: ['words'],
    examples: [
      ['fault add hold write --path "/log/**"', 'withhold WRITE replies of some files'],
      ['fault add delay write,read --distribution uniform:10ms-50ms', 'answer late'],
      ['fault add delay fixed:100ms WRITE every=3', 'as fault list prints it'],
      ['fault add delay rate:10M write', 'a slow server: 10 MiB/s of acks, one after the other'],
      ['fault add fail EIO read --probability 0.01', 'an error now and then'],
      [
        `fault add --json-spec '{"action":{"type":"hold"},"match":{"opcodes":["write"]}}'`,
        'as the API takes it',
      ],
    ],
    options: (yargs) =>
      withTarget(withConditions(yargs))
        .epilogue(actions)
        .positional('words', { type: 'string', array: true, describe: 'an action, opcodes, name=value' })
        .option('distribution', {
          type: 'string',
          requiresArg: true,
          describe:
            'of a delay: fixed:100ms, uniform:10ms-50ms, normal:100ms,20ms (mean, deviation), exponential:100ms (mean), rate:10M (bytes/s)',
        })
        .option('json-spec', {
          type: 'string',
          requiresArg: true,
          describe: 'the whole fault as JSON, or - to read it from standard input',
        }),
    run: async (argv, context) => {
      const { armFault } = await import('../arm-fault.js');
      const words = argv.words ?? [];
      if (argv.jsonSpec === undefined) {
        const { faultOf } = await import('../fault-words.js');
        await armFault(faultOf(words, argv, argv.distribution), argv, context);
        return;
      }
      if (words.length > 0) {
        throw new UsageError(
          '--json-spec',
          argv.jsonSpec,
          `is the whole fault; leave out ${words.join(' ')}`,
        );
      }
      const { path, nodeid, range, nth, every, probability, distribution } = argv;
      const also = Object.entries({ path, nodeid, range, nth, every, probability, distribution });
      const extra = also.find(([, value]) => value !== undefined);
      if (extra !== undefined) {
        throw new UsageError(
          `--${extra[0]}`,
          extra[1],
          'say it within --json-spec, which is the whole fault',
        );
      }
      const { faultFromJson } = await import('../fault-json.js');
      await armFault(await faultFromJson(argv.jsonSpec), argv, context);
    },
  },
  parent,
);

const list: Command = defineCommand(
  {
    usage: 'list',
    describe: 'the armed faults',
    examples: [['fault list', 'id and fault, as fault add takes it']],
    options: (yargs) => withTarget(yargs),
    run: async (argv, context) => {
      const { connectToDaemon } = await import('../daemon-target.js');
      const { describeFault } = await import('../../fault/describe.js');
      const { faults } = await (await connectToDaemon(argv, context)).faults();
      if (argv.json) context.printJson({ faults });
      else if (faults.length === 0) context.print('no faults');
      else {
        const rows = faults.map(({ id, fault }) => [String(id), describeFault(fault)]);
        context.print(formatTable([{ title: 'id', align: 'right' }, { title: 'fault' }], rows));
      }
    },
  },
  parent,
);

const remove: Command = defineCommand(
  {
    usage: 'remove <id>',
    describe: 'remove a fault; what it holds stays held',
    examples: [['fault remove 1', 'then release --fault 1 answers what it held']],
    options: (yargs) =>
      withTarget(yargs).positional('id', {
        type: 'string',
        demandOption: true,
        describe: 'as in fault list',
      }),
    run: async (argv, context) => {
      const { connectToDaemon } = await import('../daemon-target.js');
      const { describeFault } = await import('../../fault/describe.js');
      const id = wholeNumber('ID', argv.id, { min: 1, max: Number.MAX_SAFE_INTEGER });
      const removed = await (await connectToDaemon(argv, context)).removeFault(id);
      if (argv.json) context.printJson(removed);
      else context.print(`removed fault ${removed.id}: ${describeFault(removed.fault)}`);
    },
  },
  parent,
);

const clear: Command = defineCommand(
  {
    usage: 'clear',
    describe: 'remove every fault; what they hold stays held',
    examples: [['fault clear', 'then release answers what they held']],
    options: (yargs) => withTarget(yargs),
    run: async (argv, context) => {
      const { connectToDaemon } = await import('../daemon-target.js');
      const { describeCount } = await import('../amounts.js');
      const cleared = await (await connectToDaemon(argv, context)).clearFaults();
      if (argv.json) context.printJson(cleared);
      else context.print(`${describeCount(cleared.removed, 'fault')} removed`);
    },
  },
  parent,
);

export const faultCommand = defineGroup('fault', 'the faults of a daemon: add, list, remove, clear', [
  add,
  list,
  remove,
  clear,
]);
