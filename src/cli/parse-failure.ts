/**
 * What yargs says of a command line that it cannot read, as our one-line usage error.
 * yargs has no codes for its failures, only English sentences (its own locale files; the locale is pinned).
 */
import { UsageError } from '../base/errors.js';
import type { Command } from './command.js';

/** @param words the command line that failed */
export function parseFailure(
  message: string,
  words: readonly string[],
  commands: readonly Command[],
): UsageError {
  const path = commandPath(words, commands);
  const command = path.at(-1);
  const hint = `see ${['stuckfs', ...path.map(({ name }) => name), '--help'].join(' ')}`;
  const [, unknown] = /^Unknown (?:arguments?|commands?): ([^,]*)/.exec(message) ?? [];
  if (unknown !== undefined) {
    const word = words.find((given) => nameOf(given) === unknown) ?? unknown;
    if (word.startsWith('-')) return new UsageError('option', word, `is not known here; ${hint}`);
    if (command === undefined || command.commands.length > 0)
      return new UsageError('command', word, `is not known; ${hint}`);
    return new UsageError('argument', word, `is not known here or one too many; ${hint}`);
  }
  const [, valueless] = /^Not enough arguments following: (\S+)/.exec(message) ?? [];
  if (valueless !== undefined) {
    return new UsageError(
      `${valueless.length === 1 ? '-' : '--'}${valueless}`,
      undefined,
      `give a value; ${hint}`,
    );
  }
  if (message.startsWith('Not enough non-option arguments')) {
    const field = command?.required[0] ?? 'command';
    return new UsageError(field, undefined, `is required; ${hint}`);
  }
  return new UsageError('arguments', words.join(' '), `${oneLine(message)}; ${hint}`);
}

/** The command that was meant, below the groups that it is in. */
function commandPath(words: readonly string[], commands: readonly Command[]): Command[] {
  const path: Command[] = [];
  let known = commands;
  for (const word of words.filter((given) => !given.startsWith('-'))) {
    const next = known.find(({ name }) => name === word);
    if (next === undefined) break;
    path.push(next);
    known = next.commands;
  }
  return path;
}

function nameOf(word: string): string {
  return word.replace(/^-+/, '').replace(/=.*$/s, '');
}

/** A message as one line. */
export function oneLine(message: string): string {
  return message.trim().replace(/\s*\n\s*/g, '; ');
}
