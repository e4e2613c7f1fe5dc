/**
 * What the kernel's log says of frames that could not be moved out of a memory block.  Rate-limited by the kernel: that it
 * is silent says nothing.
 * Authority: do_migrate_range() in mm/memory_hotplug.c ("migrating pfn %lx failed ret:%d").
 */
export interface LoggedFailure {
  readonly pfn: number;
  /** As it stands in the log. */
  readonly text: string;
}

/** The first of these frames. @param dmesg as the recorder writes it */
export function failureInLog(dmesg: string, pfns: Float64Array): LoggedFailure | undefined {
  const ours = new Set(pfns);
  for (const [text, digits = ''] of dmesg.matchAll(/migrating pfn ([0-9a-f]+) failed ret:-?\d+/g)) {
    const pfn = Number.parseInt(digits, 16);
    if (ours.has(pfn)) return { pfn, text };
  }
  return undefined;
}
