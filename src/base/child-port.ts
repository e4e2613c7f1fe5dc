/**
 * The child's end of the line-by-line JSON channel on standard input and output: one command in, one answer
 * out, in order; and before the answer, where a handler says so, that it begins with what may take long.  End of
 * input means that the parent has died: the child ends too.  A handler may block its whole process for as long as the
 * kernel likes; that is what these children are for.
 */
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';

const STANDARD_OUTPUT = 1;

type Handlers = Readonly<Record<string, (words: never, begins: () => void) => unknown>>;

/**
 * Serves `{"id":1,"do":"name","with":…}` with `{"id":1,"ok":…}` or `{"id":1,"error":…}`, until end of input; and with
 * `{"id":1,"begins":true}` before it.
 */
export function serveCommands(handlers: Handlers): void {
  const lines = createInterface({ input: process.stdin });
  lines.on('line', (line) => {
    const { id, do: name, with: words } = JSON.parse(line) as { id: number; do: string; with: unknown };
    const handler = Object.hasOwn(handlers, name) ? handlers[name] : undefined;
    void answer(id, async () => {
      if (handler === undefined) throw new Error(`no such command: ${name}`);
      // Written at once: the process may block in the next call.
      return handler(words as never, () =>
        writeSync(STANDARD_OUTPUT, `${JSON.stringify({ id, begins: true })}\n`),
      );
    });
  });
  lines.on('close', () => process.exit(0));
  process.stdout.on('error', () => process.exit(0));
}

async function answer(id: number, work: () => Promise<unknown>): Promise<void> {
  let line: string;
  try {
    line = JSON.stringify({ id, ok: (await work()) ?? null });
  } catch (error) {
    const { message, code } = error as Error & { code?: string };
    line = JSON.stringify({ id, error: { message, code: code ?? null } });
  }
  process.stdout.write(`${line}\n`);
}
