/** Text of a run directory, which may come from anywhere, without what moves a cursor or breaks a line. */

/** C0, DEL and C1; line and paragraph separators; what turns the direction of text; no characters at all (XML 1.0). */
const unprintable =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this is about
  /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufffe\uffff]+|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

export function printable(text: string): string {
  return text.replaceAll(unprintable, ' ');
}

export function oneLine(text: string): string {
  return printable(text).trim();
}
