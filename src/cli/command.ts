/**
 * What a file of one command provides, and how it is hung into yargs.  What yargs lets through is refused here:
 * an option given twice, a flag with a value, words after `--`.
 */
import type { ArgumentsCamelCase, Argv } from 'yargs';
import { UsageError } from '../base/errors.js';
import type { Logger } from '../base/log.js';

export interface CommandContext {
  /** The words after the program's name. */
  readonly words: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  /** To standard error; undefined unless --log-level is given, as the logger takes its time to load. */
  readonly log: Logger | undefined;
  /** The command line has been read; what is thrown from now on is not the parser's. */
  readonly begin: () => void;
  /** To standard output. */
  readonly print: (text: string) => void;
  /** One JSON document to standard output. */
  readonly printJson: (document: unknown) => void;
  /** The exit status, when it is not 0 and no error is thrown. */
  setExitStatus(status: number): void;
}

interface CommandSpec<Options> {
  /** As yargs writes it: name, then <required>, [optional], [several..]. */
  readonly usage: string;
  readonly describe: string;
  /** A command line without the program's name, and what it does. */
  readonly examples: readonly (readonly [string, string])[];
  /** Options and positionals that may be given several times. */
  readonly lists?: readonly string[];
  /** Words that may stand where the first positional does, and are commands of their own. */
  readonly commands?: readonly Command[];
  readonly options: (yargs: Argv<GlobalOptions>) => Argv<Options>;
  readonly run: (argv: ArgumentsCamelCase<Options>, context: CommandContext) => Promise<void>;
}

/** Options that every command has. */
export interface GlobalOptions {
  readonly json: boolean;
  readonly 'log-level': string | undefined;
}

export interface Command {
  readonly name: string;
  /** The names of its positionals that must be given. */
  readonly required: readonly string[];
  /** Of a group, or below it. */
  readonly commands: readonly Command[];
  register(yargs: Argv<GlobalOptions>, context: CommandContext): void;
}

/** @param parent the words that come before the name, for a command of a group */
export function defineCommand<Options>(spec: CommandSpec<Options>, parent: readonly string[] = []): Command {
  const [name = ''] = spec.usage.split(' ');
  const depth = parent.length + 1;
  return {
    name,
    required: [...spec.usage.matchAll(/<(\w+)/g)].map(([, positional = '']) => positional.toUpperCase()),
    commands: spec.commands ?? [],
    register(yargs, context) {
      yargs.command<Options>(
        spec.usage,
        spec.describe,
        (inner) => {
          for (const command of spec.commands ?? []) command.register(inner as Argv<GlobalOptions>, context);
          const withOptions = spec.options(inner as Argv<GlobalOptions>);
          for (const [example, effect] of spec.examples) withOptions.example(`$0 ${example}`, effect);
          return withOptions;
        },
        async (argv) => {
          context.begin();
          refuseStray(argv, depth);
          refuseRepeated(argv, spec.lists ?? []);
          refuseFlagValues(argv, context.words);
          await spec.run(argv, context);
        },
      );
    },
  };
}

/** A group has commands of its own and does nothing by itself. */
export function defineGroup(name: string, describe: string, commands: readonly Command[]): Command {
  return {
    name,
    required: [`one of ${commands.map((command) => command.name).join(', ')}`],
    commands,
    register(yargs, context) {
      yargs.command(name, describe, (inner) => {
        for (const command of commands) command.register(inner as Argv<GlobalOptions>, context);
        return inner.demandCommand(1);
      });
    },
  };
}

function refuseStray(argv: { readonly _: readonly (string | number)[] }, depth: number): void {
  const stray = argv._[depth];
  if (stray !== undefined) throw new UsageError('argument', String(stray), 'is one too many');
}

/** yargs makes a list of an option that is given twice. */
function refuseRepeated(argv: Readonly<Record<string, unknown>>, lists: readonly string[]): void {
  for (const [key, value] of Object.entries(argv)) {
    if (key === '_' || lists.includes(key) || !Array.isArray(value)) continue;
    throw new UsageError(optionName(key), value.map(String).join(' and '), 'is given twice; give it once');
  }
}

/** yargs reads --json=yes as --json=false. */
function refuseFlagValues(argv: Readonly<Record<string, unknown>>, words: readonly string[]): void {
  for (const word of words) {
    const [, name, value] = /^--?([\w-]+)=(.*)$/s.exec(word) ?? [];
    if (name === undefined || typeof argv[name] !== 'boolean' || value === 'true' || value === 'false')
      continue;
    throw new UsageError(optionName(name), value, 'takes no value');
  }
}

function optionName(key: string): string {
  const kebab = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return kebab.length === 1 ? `-${kebab}` : `--${kebab}`;
}
