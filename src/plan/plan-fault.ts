/**
 * A fault in a plan: as JSON, as the control interface takes it, or as the line that `stuckfs fault list` prints.
 */
import * as z from 'zod';
import { UsageError } from '../base/errors.js';
import { parseFaultWords } from '../fault/describe.js';
import { FaultSpec } from '../fault/fault.js';

const FaultLine = z
  .string()
  .describe('Words as stuckfs fault add takes them: "hold write path=/a/**".')
  .transform((line, context) => {
    try {
      return parseFaultWords(wordsOf(line));
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      context.addIssue(error.message);
      return z.NEVER;
    }
  });

export const PlanFaultSpec = z.union([FaultLine, FaultSpec], {
  error: 'give a fault, as words or as an object',
});

/** Blanks part words; a word with a blank in it is written as JSON writes it. */
function wordsOf(line: string): string[] {
  const words = line.match(/"(?:[^"\\]|\\.)*"|[^\s"]+|"/g) ?? [];
  return words.map((word) => {
    if (!word.startsWith('"')) return word;
    try {
      return String(JSON.parse(word));
    } catch {
      throw new UsageError('fault', word, 'give a word in quotes as JSON writes it');
    }
  });
}
