/**
 * Which of two Debian versions, or kernel releases made of them, is newer.
 * Authority: deb-version(7), "Sorting algorithm".
 */

/** Negative, 0 or positive, for sorting: `~` comes before the end, letters before all else. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [split(a), split(b)];
  return (
    compareNumbers(left.epoch, right.epoch) ||
    compareParts(left.upstream, right.upstream) ||
    compareParts(left.revision, right.revision)
  );
}

/** EPOCH:UPSTREAM-REVISION, of which only the middle must be there. */
function split(version: string) {
  const [, epoch = '', rest = ''] = /^(?:(\d+):)?(.*)$/.exec(version) ?? [];
  const hyphen = rest.lastIndexOf('-');
  if (hyphen < 0) return { epoch, upstream: rest, revision: '' };
  return { epoch, upstream: rest.slice(0, hyphen), revision: rest.slice(hyphen + 1) };
}

function compareParts(a: string, b: string): number {
  const [left, right] = [parts(a), parts(b)];
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const [text = '', digits = ''] = left[index] ?? [];
    const [otherText = '', otherDigits = ''] = right[index] ?? [];
    const order = compareText(text, otherText) || compareNumbers(digits, otherDigits);
    if (order !== 0) return order;
  }
  return 0;
}

/** Pairs of what is no digit, and the digits after it. */
function parts(version: string): [text: string, digits: string][] {
  return [...version.matchAll(/(\D*)(\d*)/g)].map(([, text = '', digits = '']) => [text, digits]);
}

function compareText(a: string, b: string): number {
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const order = weight(a[index]) - weight(b[index]);
    if (order !== 0) return order;
  }
  return 0;
}

function weight(letter: string | undefined): number {
  if (letter === undefined) return 0;
  if (letter === '~') return -1;
  const code = letter.charCodeAt(0);
  return /[a-z]/i.test(letter) ? code : code + 256;
}

function compareNumbers(a: string, b: string): number {
  const difference = BigInt(a || 0) - BigInt(b || 0);
  return difference < 0n ? -1 : Number(difference > 0n);
}
