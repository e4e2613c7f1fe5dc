/**
 * A plan from the text of a file, YAML 1.2 or JSON, which is YAML too.  A complaint names the file, the line and
 * the JSON path.  The text is not trusted: its nesting and its aliases are bounded before anything is built of it.
 */
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  Parser,
  parseDocument,
  visit,
} from 'yaml';
import { complaintOf, jsonPath } from '../base/complaint.js';
import { UsageError } from '../base/errors.js';
import { PlanSpec } from './check-plan.js';
import type { Plan } from './plan.js';

/** Of a plan's text; what is longer was not written for this. */
export const maxPlanBytes = 256 * 1024;
/** Deeper than any plan; the parser of yaml recurses, and a full stack can end the process. */
const maxDepth = 64;
const maxAliases = 100;

type Document = ReturnType<typeof parseDocument>;

export interface ParsedPlan {
  /** In its normal form. */
  readonly plan: Plan;
  /** File, line and JSON path of a part of it, for a complaint. */
  readonly place: (path: readonly PropertyKey[]) => string;
}

/**
 * @param name what the text is called in a complaint: the name of the file
 * @throws UsageError
 */
export function parsePlan(text: string, name: string): ParsedPlan {
  refuseDeep(text, name);
  const lines = new LineCounter();
  // Unique keys are looked at below: the parser takes time by the square of their number.
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    uniqueKeys: false,
  });
  const line = (offset: number) => `${name}:${lines.linePos(offset).line}`;
  const [broken] = [...document.errors, ...document.warnings];
  if (broken !== undefined) {
    const [offset] = broken.pos;
    throw new UsageError(line(offset), lineAt(text, offset), `is not YAML: ${broken.message}`);
  }
  refuseDuplicateKeys(document, line);
  const place = (path: readonly PropertyKey[]) =>
    `${line(offsetOf(document, path))}: ${jsonPath(path, 'plan')}`;
  const input = builtFrom(document, name);
  const result = PlanSpec.safeParse(input);
  if (result.success) return { plan: result.data, place };
  const { path, value, remedy } = complaintOf(result.error, input);
  throw new UsageError(place(path), value, remedy, { cause: result.error });
}

function refuseDeep(text: string, name: string): void {
  const parser = new Parser();
  let offset = 0;
  for (const lexeme of new Lexer().lex(text)) {
    for (const _token of parser.next(lexeme));
    offset += lexeme.length;
    if (parser.stack.length <= maxDepth) continue;
    const lineNr = text.slice(0, offset).split('\n').length;
    throw new UsageError(
      `${name}:${lineNr}`,
      lineAt(text, offset),
      `is nested deeper than ${maxDepth} levels`,
    );
  }
}

function refuseDuplicateKeys(document: Document, line: (offset: number) => string): void {
  visit(document, {
    Map(_key, { items }) {
      const seen = new Set<string>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        const name = String(key.value);
        if (seen.has(name))
          throw new UsageError(line(key.range?.[0] ?? 0), name, 'is given twice; give it once');
        seen.add(name);
      }
    },
  });
}

function builtFrom(document: Document, name: string): unknown {
  try {
    return document.toJS({ maxAliasCount: maxAliases }) as unknown;
  } catch (cause) {
    throw new UsageError(name, (cause as Error).message, 'write the plan with fewer aliases', { cause });
  }
}

/** Where the value at the path begins; of one that is missing, where what should have it begins. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  let node = document.contents as Node | null;
  let offset = node?.range?.[0] ?? 0;
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document) ?? null;
    let next: unknown;
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && key.value === step);
      if (pair === undefined) return offset;
      offset = (pair.key as Node).range?.[0] ?? offset;
      next = pair.value;
    } else if (isSeq(node)) next = node.items[Number(step)];
    if (next === undefined || next === null) return offset;
    node = next as Node;
    if (path.at(-1) !== step || typeof step === 'number') offset = node.range?.[0] ?? offset;
  }
  return offset;
}

function lineAt(text: string, offset: number): string {
  const start = text.lastIndexOf('\n', Math.max(0, offset - 1)) + 1;
  return text.slice(start).split('\n', 1)[0]?.slice(0, 200) ?? '';
}
