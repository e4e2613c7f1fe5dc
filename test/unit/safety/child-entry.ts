/** A child for tests: ends with the status it is told, or when its leash does. */
import { Socket } from 'node:net';

const [what, status] = process.argv.slice(2);
const leash = new Socket({ fd: 3, readable: true, writable: false });
leash.on('end', () => process.exit(7)).resume();
if (what === 'end') process.exit(Number(status));
setInterval(() => undefined, 1000);
process.stdout.write('ready\n');
