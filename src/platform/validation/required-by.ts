import { ValidateBy } from 'class-validator';
import { ValidationError } from '../errors/app-error.js';

/**
 * Checks a text field at the edge with the rule of a policy too, so that a body with several wrong fields is told of
 * all of them at once. `require` throws ValidationError for a text it refuses; it must be cheap.
 */
export function RequiredBy(require: (text: string) => unknown): PropertyDecorator {
  const problemOf = (value: unknown): string | undefined => {
    if (typeof value !== 'string') return undefined; // another check of the field says so
    try {
      require(value);
      return undefined;
    } catch (error) {
      if (error instanceof ValidationError) return error.problems[0]?.reason;
      throw error;
    }
  };
  return ValidateBy({
    name: 'requiredBy',
    validator: {
      validate: (value: unknown) => problemOf(value) === undefined,
      defaultMessage: (args) => problemOf(args?.value) ?? '',
    },
  });
}
