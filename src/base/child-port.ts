/**
 * The child's end of the line-by-line JSON channel on standard input and output: one command in, one answer
 * out, in order.  End of input means that the parent has died: the child ends too.  A handler may block its
 * whole process for as long as the kernel likes; that is what these children are for.
 */
import { createInterface } from 'node:readline';

type Handlers = Readonly<Record<string, (words: never) => unknown>>;

/** Serves `{"id":1,"do":"name","with":…}` with `{"id":1,"ok":…}` or `{"id":1,"error":…}`, until end of input. */
export function serveCommands(handlers: Handlers): void {
  const lines = createInterface({ input: process.stdin });
  lines.on('line', (line) => {
    const { id, do: name, with: words } = JSON.parse(line) as { id: number; do: string; with: unknown };
    const handler = Object.hasOwn(handlers, name) ? handlers[name] : undefined;
    void answer(id, async () => {
      if (handler === undefined) throw new Error(`no such command: ${name}`);
      return handler(words as never);
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
