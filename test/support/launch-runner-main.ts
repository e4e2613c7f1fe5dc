/** A runner that has started a program by launch-main.js, and waits to be killed. Says the program's pid. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const launcher = fileURLToPath(new URL('../../src/vm/qemu/launch-main.js', import.meta.url));
// As its own: `stranger` names another runner than this.
const runner = process.argv[2] === 'stranger' ? 1 : process.pid;
const child = spawn(process.execPath, [launcher, `${runner}`, '/bin/sh', '-c', 'echo runs; exec sleep 60'], {
  detached: true,
  stdio: ['ignore', 'pipe', 'inherit'],
});
child.stdout.on('data', () => process.stdout.write(`runs ${child.pid}\n`));
child.once('exit', (status) => process.stdout.write(`ended ${status}\n`));
setTimeout(() => undefined, 600_000);
