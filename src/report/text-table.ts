/** Tables and paragraphs as plain text of at most 100 columns, so that they survive a mail. */

const COLUMNS = 100;
/** Where the texts of the details begin. */
const INDENT = 20;

/** A text that is too long goes on in the next line; a word is never broken. */
export function folded(line: string): string[] {
  const at = line.lastIndexOf(' ', COLUMNS);
  if (line.length <= COLUMNS || at <= INDENT) return [line];
  return [line.slice(0, at), ...folded(`${' '.repeat(INDENT)}${line.slice(at + 1)}`)];
}

/**
 * @param rows the first of them is the head
 * @param spare titles of columns that are left out, first to last, as long as the table is too wide
 */
export function table(rows: readonly (readonly string[])[], spare: readonly string[] = []): string[] {
  const [head = []] = rows;
  const widths = head.map((_, column) => Math.max(...rows.map((cell) => cell[column]?.length ?? 0)));
  const total = widths.reduce((sum, width) => sum + width, 0);
  const [first, ...rest] = spare;
  if (first !== undefined && total + widths.length - 1 > COLUMNS) {
    const dropped = head.indexOf(first);
    return table(
      rows.map((cells) => cells.filter((_, column) => column !== dropped)),
      rest,
    );
  }
  const gap = total + 2 * (widths.length - 1) > COLUMNS ? ' ' : '  ';
  const line = (cell: readonly string[]) =>
    cell
      .map((text, column) => text.padEnd(widths[column] ?? 0))
      .join(gap)
      .trimEnd();
  return [line(head), widths.map((width) => '-'.repeat(width)).join(gap), ...rows.slice(1).map(line)];
}
