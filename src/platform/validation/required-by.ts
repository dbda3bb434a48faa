import { applyDecorators } from '@nestjs/common';
import { ValidateBy, type ValidationArguments } from 'class-validator';
import { ValidationError } from '../errors/app-error.js';
import { Checked } from './declared-checks.js';

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
  const validate = (value: unknown): boolean => problemOf(value) === undefined;
  const validator = { validate, defaultMessage: (args?: ValidationArguments) => problemOf(args?.value) ?? '' };
  return applyDecorators(ValidateBy({ name: 'requiredBy', validator }), Checked(validate)) as PropertyDecorator;
}
