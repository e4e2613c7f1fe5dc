/** The order in which cells are played, for whoever plans them: a run, and the boots that have them. */

/** What harms the machine, perhaps for good, is played last: it harms nobody but those of its kind then. */
export function leastHarmFirst<Cell extends { readonly trigger: { readonly harmsHost: boolean } }>(
  cells: readonly Cell[],
): Cell[] {
  return [
    ...cells.filter(({ trigger }) => !trigger.harmsHost),
    ...cells.filter(({ trigger }) => trigger.harmsHost),
  ];
}
