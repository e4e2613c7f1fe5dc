/**
 * Tables as text: ASCII, columns aligned by blanks, no colour, so that they survive a mail.
 */

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** Title line, then the rows; no blanks at the end of a line. Control characters are shown as ?. */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map(printable));
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...cells.map((row) => row[index]?.length ?? 0)),
  );
  const line = (row: readonly string[]) =>
    columns
      .map(({ align }, index) => {
        const cell = row[index] ?? '';
        const width = widths[index] ?? 0;
        return align === 'right' ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  return `${[columns.map(({ title }) => title), ...cells].map(line).join('\n')}\n`;
}

/** `name  value` lines. */
export function formatPairs(pairs: readonly (readonly [string, string])[]): string {
  const width = Math.max(...pairs.map(([name]) => name.length));
  return pairs.map(([name, value]) => `${name.padEnd(width)}  ${printable(value)}\n`).join('');
}

/** A path may hold anything but NUL, also what moves the cursor. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '?');
}
