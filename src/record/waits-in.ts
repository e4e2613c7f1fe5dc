/**
 * Whether a task waits in a function of the kernel, by its stack.  Pure.
 * Authority: __folio_lock() in mm/filemap.c, whose last call is folio_wait_bit_common(): some compilers jump there, and then
 * only that is on the stack, called by who wants the lock.
 */

/** Innermost first: those that lock a folio to migrate it (mm/migrate.c; unmap_and_move() in older kernels). */
const lockers = /^(?:migrate_pages_batch|migrate_folio_unmap|_*unmap_and_move)$/;

/**
 * @param stack symbols, innermost first
 * @returns the function as the stack has it; undefined where it is not there
 */
export function waitsIn(stack: readonly string[], name: string): string | undefined {
  if (stack.includes(name)) return name;
  if (name !== '__folio_lock') return undefined;
  const at = stack.indexOf('folio_wait_bit_common');
  const caller = at < 0 ? undefined : stack[at + 1];
  return caller !== undefined && lockers.test(caller) ? `folio_wait_bit_common, from ${caller},` : undefined;
}
