import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UsageError } from '../../../../src/base/errors.js';
import { type Loader, loadBinding } from '../../../../src/transport/libfuse/binding.js';

const missingLibrary = 'libfuse.so.2: cannot open shared object file: No such file or directory';
const binding = { op_init: 0 };

function loader(
  results: readonly (Error | object)[],
  directory = () => '/there',
): Loader & { tried: string[] } {
  const left = [...results];
  const tried: string[] = [];
  return {
    tried,
    directory,
    load: () => {
      tried.push('load');
      const result = left.shift();
      if (result instanceof Error) throw result;
      return result;
    },
    preload: () => tried.push('preload'),
  };
}

function refused(given: Loader): string {
  try {
    loadBinding(given);
  } catch (error) {
    assert.ok(error instanceof UsageError);
    return error.message;
  }
  return assert.fail('nothing is refused');
}

describe('loadBinding', () => {
  test("takes the system's libfuse where there is one", () => {
    const given = loader([binding]);
    assert.equal(loadBinding(given), binding);
    assert.deepEqual(given.tried, ['load']);
  });

  test('else the one that fuse-native brings', () => {
    const given = loader([new Error(missingLibrary), binding]);
    assert.equal(loadBinding(given), binding);
    assert.deepEqual(given.tried, ['load', 'preload', 'load']);
  });

  test('says what to install', () => {
    assert.match(
      refused(loader([new Error(missingLibrary), new Error(missingLibrary)])),
      /--transport.*libfuse.*apt-get install libfuse2/,
    );
    const nowhere = () => {
      throw new Error("Cannot find module 'fuse-native/package.json'");
    };
    assert.match(refused(loader([], nowhere)), /npm install fuse-native@2\.2\.6/);
    const none = new Error(
      'No native build was found for platform=linux arch=riscv64\n    loaded from: /there',
    );
    assert.match(refused(loader([none])), /No native build.*use --transport dev-fuse/);
  });
});
