/**
 * Becomes QEMU: has the kernel kill this process when the runner ends in whatever way, then exec(2)s.
 * The wish survives exec (prctl(2), PR_SET_PDEATHSIG). QEMU's own -run-with exit-with-parent=on is newer than the
 * QEMU of Debian 12. Words: pid of the runner, program, its words.
 */
import { becomeProgram, dieWithParent } from '../../syscall/process.js';

const SIGKILL = 9;

const [runner, program = '', ...words] = process.argv.slice(2);
dieWithParent(SIGKILL);
// It may have ended before that: then somebody else is the parent now.
if (process.ppid !== Number(runner)) process.exit(1);
const errno = becomeProgram(program, words);
process.stderr.write(`${program}: cannot be executed: errno ${-errno}\n`);
process.exit(127);
