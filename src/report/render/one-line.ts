/** Text of a run directory, which may come from anywhere, as one line without control characters. */

/** C0, DEL and C1; the line and paragraph separators; lone surrogates and what XML 1.0 has no character for. */
const unprintable =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this is about
  /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufffe\uffff]+|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

export function oneLine(text: string): string {
  return text.replaceAll(unprintable, ' ').trim();
}
