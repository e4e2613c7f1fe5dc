/**
 * Path globs: their check, their normal form and their compilation.  They are read by picomatch, dot files
 * included, and matched against the whole path inside the mount: "/" is its root, "/dir/file" a file.
 *
 * Normal form: a glob is anchored at the root of the mount.  One that begins with neither "/" nor "**" gets a "/"
 * in front ("dir/*" and "./dir/*" mean "/dir/*"; "*.log" means the root's own files, "**" + "/*.log" those at any
 * depth).  A leading "!" negates and stays in front.
 */
import picomatch from 'picomatch';
import * as z from 'zod';

/** `s`: a newline is a legal byte of a file name.  `debug`: throw on a broken range rather than match nothing. */
const options = { dot: true, strictBrackets: true, flags: 's', debug: true } as const;
/** PATH_MAX of include/uapi/linux/limits.h. */
const maxGlobLength = 4096;

const alternativesWithRoot = /^[@?*+!]?[({](?:[^)}]*[,|])?\//;
const literal = /^[\w\-./ ]+$/;

function normalForm(given: string): string {
  const negation = /^(?:!(?!\())*/.exec(given)?.[0] ?? '';
  const glob = given.slice(negation.length);
  if (glob.startsWith('/') || glob.startsWith('**')) return given;
  return `${negation}/${glob.replace(/^(?:\.\/)+/, '')}`;
}

/** What is wrong with a glob, as a remedy; undefined when nothing is. */
function complaint(given: string): string | undefined {
  const glob = given.replace(/^!+(?!\()/, '');
  if (glob.includes('\0')) return 'holds a NUL byte, which no path does';
  if (alternativesWithRoot.test(glob)) return 'put the leading "/" before the brackets: /{a,b}/**';
  if (glob.includes('//')) return 'matches nothing: a path has single slashes';
  if (glob.length > 1 && glob.endsWith('/'))
    return 'matches nothing: a path does not end in "/"; /dir/** is a directory and all below it';
  try {
    picomatch.makeRe(normalForm(given), options);
    return undefined;
  } catch (error) {
    return `is not a glob: ${(error as Error).message}`;
  }
}

/** A glob as a user writes it; out comes the normal form. */
export const GlobSpec = z
  .string()
  .min(1)
  .max(maxGlobLength)
  .superRefine((given, context) => {
    const wrong = complaint(given);
    if (wrong !== undefined) context.addIssue(wrong);
  })
  .overwrite(normalForm);

/** A predicate over paths, from a glob in normal form. */
export function compileGlob(glob: string): (path: string) => boolean {
  if (literal.test(glob)) return (path) => path === glob;
  const pattern = picomatch.makeRe(glob, options);
  const { base, negated } = picomatch.scan(glob);
  // The literal directories in front decide most cases at the price of a comparison.
  if (negated || base.includes('\\') || base.length < 2) return (path) => pattern.test(path);
  return (path) => path.startsWith(base) && pattern.test(path);
}
