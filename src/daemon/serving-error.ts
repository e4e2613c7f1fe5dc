/** The serving thread refused a command, or is no more. */
import { StuckfsError } from '../base/errors.js';

export class ServingError extends StuckfsError {
  override readonly code = 'SERVING';
}
