/** `stuckfs list`: the scenarios and triggers there are. */
import { defineCommand } from '../command.js';
import { formatTable } from '../table.js';

export const listCommand = defineCommand({
  usage: 'list',
  describe: 'the scenarios and the triggers',
  examples: [['list', 'what `stuckfs run` can be given']],
  options: (yargs) => yargs,
  async run(argv, context) {
    const { scenarios } = await import('../../scenario/registry.js');
    const { armName } = await import('../../scenario/scenario.js');
    const { triggers } = await import('../../trigger/registry.js');
    const described = {
      scenarios: scenarios.map(({ id, description, stuck, arms, transports, triggers: ids }) => ({
        id,
        description,
        stuck,
        arms: arms.map(armName),
        transports,
        triggers: ids,
      })),
      triggers: triggers.map(
        ({ id, description, migrateModes, migrateReason, kernelFunction, harmsHost }) => ({
          id,
          description,
          migrateModes,
          migrateReason,
          kernelFunction,
          harmsHost,
        }),
      ),
    };
    if (argv.json) return context.printJson(described);
    context.print(
      formatTable(
        [{ title: 'scenario' }, { title: 'what gets stuck' }, { title: 'arms' }, { title: 'what it is' }],
        described.scenarios.map((one) => [one.id, one.stuck, one.arms.join(', '), one.description]),
      ),
    );
    context.print('\n');
    context.print(
      formatTable(
        [{ title: 'trigger' }, { title: 'mode' }, { title: 'by' }, { title: 'what it is' }],
        described.triggers.map((one) => [
          one.id,
          one.migrateModes.join(', '),
          one.kernelFunction,
          one.description,
        ]),
      ),
    );
  },
});
