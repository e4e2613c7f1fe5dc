/** Text of a run directory, which may come from anywhere, without what moves a cursor or breaks a line. */

/**
 * C0, DEL and C1; line and paragraph separators; what turns the direction of text, joins it or has no width (Unicode's
 * Bidi_Control and Default_Ignorable_Code_Point, tags and variation selectors too); no characters at all (XML 1.0).
 */
const unprintable =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this is about
  /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufff9-\ufffb\p{Bidi_Control}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\p{Surrogate}]+/gu;

export function printable(text: string): string {
  return text.replaceAll(unprintable, ' ');
}

export function oneLine(text: string): string {
  return printable(text).trim();
}
