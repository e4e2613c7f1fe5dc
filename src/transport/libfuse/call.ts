/**
 * One operation of libfuse that waits for its answer.  Whatever goes wrong here, the thread that waits is answered,
 * once: nobody else knows of it, and an exception is lost in native code.
 */
import { Errno } from '../../base/errno.js';
import type { Binding, OperationName, Waiter } from './binding.js';
import type { Settle } from './libfuse-replies.js';
import { noStatWords, statvfsWords } from './stat-words.js';

export interface Call {
  /** `result` is -errno, 0 or a number of bytes; `more` what the operation gives back, where it has something. */
  respond(result: number, ...more: readonly unknown[]): void;
  /** Sends the request that was built; the answer may come later. */
  send(settle: Settle): void;
  /** What is to be done once the operation has been answered. */
  afterwards(act: () => void): void;
}

export interface CallMeans {
  readonly binding: Binding;
  readonly send: (settle: Settle) => void;
  readonly onDefect: (error: unknown) => void;
}

export function beginCall(
  name: OperationName,
  waiter: Waiter,
  words: readonly unknown[],
  { binding, send, onDefect }: CallMeans,
): { readonly call: Call; readonly run: (act: () => void) => void } {
  const signal = binding[`fuse_native_signal_${name}`];
  let isAnswered = false;
  const later: (() => void)[] = [];
  const respond: Call['respond'] = (result, ...more) => {
    if (isAnswered) return;
    isAnswered = true;
    signal(waiter, result, ...(more.length > 0 ? more : nothingOf(name, words)));
    for (const act of later) act();
  };
  const run = (act: () => void): void => {
    try {
      act();
    } catch (error) {
      onDefect(error);
      respond(-Errno.EIO);
    }
  };
  const call: Call = {
    respond,
    send: (settle) => send((answer) => run(() => settle(answer))),
    afterwards: (act) => later.push(act),
  };
  return { call, run };
}

/** What fuse-native wants behind the result where there is nothing to give: it reads it in any case. */
function nothingOf(name: OperationName, words: readonly unknown[]): readonly unknown[] {
  const memory = () => words.find((word) => Buffer.isBuffer(word))?.buffer;
  switch (name) {
    case 'getattr':
    case 'fgetattr':
      return [noStatWords];
    case 'statfs':
      return [statvfsWords()];
    case 'open':
    case 'opendir':
    case 'create':
      return [0];
    case 'read':
    case 'write':
      return [0, memory()];
    case 'setxattr':
    case 'getxattr':
    case 'listxattr':
      return [memory()];
    case 'readdir':
      return [[], []];
    case 'readlink':
      return [''];
    default:
      return [];
  }
}
