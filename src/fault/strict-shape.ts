/**
 * A zod object that takes no field but its own and, given another, names those it knows.
 */
import * as z from 'zod';

export function strictShape<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? `is not a field here; known: ${Object.keys(shape).join(', ')}`
        : undefined,
  });
}
