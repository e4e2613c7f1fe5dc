/**
 * The command line as a whole: reads it with yargs, runs the command, turns what was thrown into one line on
 * standard error and an exit status.  It does nothing of a command's own and loads only what the parser needs.
 */
import yargs, { type Argv } from 'yargs';
import { StuckfsError } from '../base/errors.js';
import type { Logger } from '../base/log.js';
import { patienceOf } from '../base/patience.js';
import { packageVersion } from '../base/version.js';
import type { CommandContext, GlobalOptions } from './command.js';
import { commands } from './commands.js';
import { oneLine, parseFailure } from './parse-failure.js';

const helpColumns = 110;

/** For `git bisect run`: this commit cannot be tested. */
const SAYS_NOTHING = 125;

/** Runs one command; answers the exit status and never throws. */
export async function runCommandLine(
  words: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<number> {
  let exitStatus = 0;
  let isRead = false;
  const level = logLevelOf(words);
  try {
    patienceOf(environment);
    // An unknown level is told before anything is done.
    const log = level === undefined ? undefined : await openLog(level);
    const context: CommandContext = {
      words,
      environment,
      log,
      begin: () => {
        isRead = true;
      },
      print: (text) => {
        process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
      },
      printJson: (document) => {
        process.stdout.write(`${JSON.stringify(document, undefined, 2)}\n`);
      },
      setExitStatus: (status) => {
        exitStatus = status;
      },
    };
    const parser = makeParser(words);
    for (const command of commands) command.register(parser, context);
    await parser.parseAsync();
    return exitStatus;
  } catch (error) {
    const isFromParser = !isRead && error instanceof Error && !(error instanceof StuckfsError);
    const known = isFromParser ? parseFailure(error.message, words, commands) : error;
    report(known, level === 'debug' || level === 'trace');
    // Any other status would have git take this commit for a bad one.
    if (words.includes('--bisect')) return SAYS_NOTHING;
    return known instanceof StuckfsError ? known.exitStatus : 1;
  }
}

function makeParser(words: readonly string[]): Argv<GlobalOptions> {
  return yargs([...words])
    .scriptName('stuckfs')
    .usage('$0 COMMAND: a FUSE filesystem that misbehaves on command')
    .locale('en')
    .parserConfiguration({
      'boolean-negation': false,
      'dot-notation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'greedy-arrays': false,
    })
    .option('json', { type: 'boolean', default: false, describe: 'one JSON document on standard output' })
    .option('log-level', {
      type: 'string',
      requiresArg: true,
      describe: 'trace, debug, info, warn, error, fatal or silent; logs go to standard error',
    })
    .strict()
    .strictCommands()
    .demandCommand(1)
    .exitProcess(false)
    .fail(false)
    .help()
    .alias('help', 'h')
    .version(packageVersion())
    .wrap(helpColumns)
    .example('$0 mount /mnt/stuck', 'mount, and leave the daemon in the background')
    .example('$0 hold write', 'withhold the replies of all WRITE requests')
    .example('$0 held', 'what the kernel waits for')
    .example('$0 release', 'answer everything that is held')
    .epilogue(
      'Exit status: 0 as expected, 1 failed, 2 usage, 3 unknown, 4 this machine cannot. It wedges machines on purpose.',
    );
}

async function openLog(level: string): Promise<Logger> {
  const { createLogger } = await import('../base/log.js');
  return createLogger({ level, destination: 'stderr', pretty: process.stderr.isTTY === true });
}

/** Read by hand, since the log must be there also when the rest cannot be read. */
function logLevelOf(words: readonly string[]): string | undefined {
  const at = words.findIndex((word) => word === '--log-level' || word.startsWith('--log-level='));
  const word = words[at];
  if (word === undefined) return undefined;
  const equals = word.indexOf('=');
  return equals < 0 ? words[at + 1] : word.slice(equals + 1);
}

function report(error: unknown, wantsStack: boolean): void {
  if (error instanceof StuckfsError) process.stderr.write(`stuckfs: ${oneLine(error.message)}\n`);
  else {
    const message = error instanceof Error ? error.message : String(error);
    const more = wantsStack ? '' : ' (--log-level debug shows where)';
    process.stderr.write(`stuckfs: internal error: ${oneLine(message)}${more}\n`);
  }
  if (wantsStack && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`);
}
