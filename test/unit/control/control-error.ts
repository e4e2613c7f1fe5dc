/** A check for assert.rejects: a ControlError with this code and these properties. */
import assert from 'node:assert/strict';
import { ControlError, type ControlErrorCode } from '../../../src/control/contract/errors.js';

export function isControlError(
  code: ControlErrorCode,
  more: { message?: RegExp; [key: string]: unknown } = {},
) {
  return (error: unknown): true => {
    assert.ok(error instanceof ControlError, `not a ControlError: ${String(error)}`);
    const { message, ...properties } = more;
    assert.equal(error.code, code, error.message);
    if (message !== undefined) assert.match(error.message, message);
    for (const [key, value] of Object.entries(properties)) {
      assert.deepEqual(Reflect.get(error, key), value, key);
    }
    return true;
  };
}
