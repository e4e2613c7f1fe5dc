/** The files that `--junit` and `--ktap` name. */
import { UsageError } from '../../base/errors.js';
import type { RunJson } from '../../report/run-json.js';
import { OutputFile } from '../output-file.js';
import type { RunOptions } from './options.js';

export interface Output {
  readonly file: OutputFile;
  readonly render: (run: RunJson) => string;
}

/** Before anything is started: that a file cannot be written must not come out after an hour. */
export async function openOutputs({ junit, ktap }: Pick<RunOptions, 'junit' | 'ktap'>): Promise<Output[]> {
  const outputs: Output[] = [];
  try {
    if (junit !== undefined) {
      const { renderJunit } = await import('../../report/render/junit.js');
      outputs.push({ file: OutputFile.open('--junit', junit), render: renderJunit });
    }
    if (ktap !== undefined) {
      const { renderKtap } = await import('../../report/render/ktap.js');
      outputs.push({ file: OutputFile.open('--ktap', ktap), render: renderKtap });
    }
    const [one, other] = outputs;
    if (one !== undefined && other?.file.isSameAs(one.file))
      throw new UsageError('--ktap', ktap, 'is the file of --junit, too: give each its own');
    return outputs;
  } catch (error) {
    for (const { file } of outputs) file.discard();
    throw error;
  }
}
