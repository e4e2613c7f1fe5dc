/**
 * The base of everything this product throws.  A failure that a user can mend carries the field, the value
 * and the remedy; the CLI prints it as one line and exits with `exitStatus` (DESIGN.md section 9).
 * Errno values that answer the kernel are values, never thrown.
 */
export abstract class StuckfsError extends Error {
  /** Stable, upper-snake-case; closed per subclass. */
  abstract readonly code: string;
  /** Exit status of a command that ends with this error: 1 internal, 2 usage, 3 unknown, 4 skipped. */
  readonly exitStatus: number = 1;

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Bad input: names the field, the value as it was given, and what would be right. Exit status 2. */
export class UsageError extends StuckfsError {
  override readonly code = 'USAGE';
  override readonly exitStatus = 2;

  constructor(
    readonly field: string,
    readonly value: unknown,
    readonly remedy: string,
    options?: { cause?: unknown },
  ) {
    super(describeField(field, value, remedy), options);
  }
}

/** The one form of a complaint about input: field, value as given, what would be right. */
export function describeField(field: string, value: unknown, remedy: string): string {
  return `${field}: ${formatValue(value)}: ${remedy}`;
}

function formatValue(value: unknown): string {
  if (typeof value === 'string')
    return value.length > 200 ? `${JSON.stringify(value.slice(0, 200))}…` : JSON.stringify(value);
  if (typeof value === 'bigint') return value.toString();
  if (value === undefined) return '(not given)';
  return JSON.stringify(value);
}
