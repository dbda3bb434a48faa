import { ValidateBy } from 'class-validator';
import { ValidationError } from '../errors/app-error.js';

/**
 * Also validates a text field with the rule of a policy, so that a response lists all invalid fields of a body at once.
 * `require` throws ValidationError for a text it rejects; it must be cheap.
 */
export function RequiredBy(require: (text: string) => unknown): PropertyDecorator {
  const problemOf = (value: unknown): string | undefined => {
    if (typeof value !== 'string') return undefined; // another check of the field rejects it
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
