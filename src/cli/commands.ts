/**
 * The list of commands, in the order in which the help shows them.  A new one is its file and a line here.
 */
import type { Command } from './command.js';
import { doctorCommand } from './commands/doctor.js';
import { faultCommand } from './commands/fault.js';
import { heldCommand } from './commands/held.js';
import { holdCommand } from './commands/hold.js';
import { listCommand } from './commands/list.js';
import { matrixCommand } from './commands/matrix.js';
import { mountCommand } from './commands/mount.js';
import { planCommand } from './commands/plan.js';
import { plugCommand } from './commands/plug.js';
import { releaseCommand } from './commands/release.js';
import { reportCommand } from './commands/report.js';
import { rescueCommand } from './commands/rescue.js';
import { runCommand } from './commands/run.js';
import { statusCommand } from './commands/status.js';
import { unmountCommand } from './commands/unmount.js';
import { unplugCommand } from './commands/unplug.js';
import { vmCommand } from './commands/vm.js';

export const commands: readonly Command[] = [
  runCommand,
  listCommand,
  reportCommand,
  vmCommand,
  matrixCommand,
  mountCommand,
  unmountCommand,
  holdCommand,
  releaseCommand,
  heldCommand,
  unplugCommand,
  plugCommand,
  faultCommand,
  planCommand,
  statusCommand,
  doctorCommand,
  rescueCommand,
];
