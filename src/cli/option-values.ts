/**
 * Values of options as users write them, checked: each reader throws a UsageError that names the option.
 */
import { UsageError } from '../base/errors.js';

/** A whole number from `min` to `max`, in digits. */
export function wholeNumber(
  option: string,
  text: string,
  { min, max }: { readonly min: number; readonly max: number },
): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) {
    throw new UsageError(option, text, `give a whole number from ${min} to ${max}`);
  }
  return value;
}

/** The same for an option that may be absent. */
export function ifGiven<T>(text: string | undefined, read: (text: string) => T): T | undefined {
  return text === undefined ? undefined : read(text);
}

/** Runs `check`, and names what it complains of as the user does: match.path is --path. */
export function underOptionNames<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const [, name] = /^(?:match\.)?(path|nodeid|range|nth|every|probability)\b/.exec(error.field) ?? [];
    if (name === undefined) throw error;
    throw new UsageError(`--${name}`, error.value, error.remedy, { cause: error });
  }
}
