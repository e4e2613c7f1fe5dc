/** `stuckfs list`: the scenarios, triggers and mitigations there are, and what each kernel is expected to do. */
import { type CommandContext, defineCommand } from '../command.js';
import { formatTable } from '../table.js';

export const listCommand = defineCommand({
  usage: 'list',
  describe: 'the scenarios, the triggers and the mitigations',
  examples: [
    ['list', 'what `stuckfs run` can be given'],
    ['list --expectations', 'what each cell is expected to come to, and which kernel function decides it'],
  ],
  options: (yargs) =>
    yargs.option('expectations', {
      type: 'boolean',
      default: false,
      describe: 'the expectations instead: outcome, feature of the kernel, deciding function',
    }),
  async run(argv, context) {
    if (argv.expectations) return listExpectations(argv.json, context);
    const { scenarios } = await import('../../scenario/registry.js');
    const { armName } = await import('../../scenario/scenario.js');
    const { mitigations } = await import('../../mitigation/registry.js');
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
      mitigations: mitigations.map(({ id, description, kernelFunction, acts, endsConnection }) => ({
        id,
        description,
        kernelFunction,
        acts,
        endsConnection,
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
    context.print('\n');
    context.print(
      formatTable(
        [{ title: 'mitigation' }, { title: 'when it acts' }, { title: 'by' }, { title: 'what it is' }],
        described.mitigations.map((one) => [one.id, one.acts, one.kernelFunction, one.description]),
      ),
    );
  },
});

async function listExpectations(json: boolean, context: CommandContext): Promise<void> {
  const { expectations } = await import('../../report/expectations.js');
  const { featureProbes } = await import('../../report/expected/expectation.js');
  const listed = expectations.map(({ feature, mitigation = 'none', variant, ...one }) => ({
    scenario: one.scenario,
    trigger: one.trigger,
    arm: one.arm,
    mitigation,
    variant: variant ?? null,
    feature: feature === undefined ? null : { name: feature[0], present: feature[1] },
    outcome: one.outcome,
    frees: one.frees ?? null,
    decidedBy: one.decidedBy,
  }));
  if (json) return context.printJson({ features: featureProbes, expectations: listed });
  const titles = ['scenario', 'trigger', 'arm', 'where the kernel', 'outcome', 'decided by'];
  context.print(
    formatTable(
      titles.map((title) => ({ title })),
      listed.map(({ scenario, trigger, arm, mitigation, variant, feature, outcome, decidedBy }) => [
        scenario,
        trigger,
        `${arm}${mitigation === 'none' ? '' : `+${mitigation}`}${variant === null ? '' : ` ${variant}`}`,
        feature === null ? '-' : `${feature.present ? 'has' : 'lacks'} ${feature.name}`,
        outcome,
        decidedBy,
      ]),
    ),
  );
  context.print('\n');
  context.print(
    formatTable(
      [{ title: 'feature' }, { title: 'how a run probes it' }],
      Object.entries(featureProbes).map(([name, probe]) => [name, probe]),
    ),
  );
}
