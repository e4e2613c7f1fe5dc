/** Lines of trace_pipe as 6.18 prints them (test/unit/kernel/fixtures/trace-6.18 and the events' print formats). */

/** @param payload event name, colon and fields */
export function traceLine(pid: number, comm: string, atUs: number, payload: string): string {
  const seconds = Math.floor(atUs / 1e6);
  const microseconds = `${atUs % 1e6}`.padStart(6, '0');
  return `${comm.padStart(16)}-${`${pid}`.padEnd(7)} [001] ..... ${`${seconds}.${microseconds}`.padStart(12)}: ${payload}`;
}

export function traceText(...lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

const hex = (pfn: number) => `0x${pfn.toString(16)}`;

export const isolated = (start: number, end: number): string =>
  `mm_compaction_isolate_migratepages: range=(${hex(start)} ~ ${hex(end)}) nr_scanned=${end - start} nr_taken=32`;

export const migrateStart = 'mm_migrate_pages_start: mode=MIGRATE_SYNC reason=compaction';

export const migrated = (succeeded: number, failed: number): string =>
  `mm_migrate_pages: nr_succeeded=${succeeded} nr_failed=${failed} nr_thp_succeeded=0 nr_thp_failed=0 nr_thp_split=0 nr_split=0 mode=MIGRATE_SYNC reason=compaction`;

export const waits = (bdi: string, inode: number, index: number): string =>
  `folio_wait_writeback: bdi ${bdi}: ino=${inode} index=${index}`;
