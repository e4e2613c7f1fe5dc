#!/usr/bin/env node
/**
 * The `stuckfs` program: arguments in, exit status out.  Owns the process (its streams and its end); everything
 * else is command-line.ts.  Exit statuses are those of DESIGN.md section 9.
 */
import { runCommandLine } from './command-line.js';

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // Whoever read us has seen enough: `stuckfs held | head`.
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

process.exitCode = await runCommandLine(process.argv.slice(2), process.env);
