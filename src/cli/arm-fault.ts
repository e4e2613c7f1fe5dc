/**
 * Arms a checked fault at the daemon and says what came of it.
 */
import type { FaultInput } from '../control/contract/faults.js';
import { describeFault } from '../fault/describe.js';
import type { CommandContext } from './command.js';
import { connectToDaemon } from './daemon-target.js';
import type { TargetOptions } from './target-options.js';

export async function armFault(
  fault: FaultInput,
  options: TargetOptions & { readonly json: boolean },
  context: CommandContext,
): Promise<void> {
  const client = await connectToDaemon(options, context);
  const installed = await client.addFault(fault);
  if (options.json) context.printJson(installed);
  else context.print(`fault ${installed.id}: ${describeFault(installed.fault)}`);
}
