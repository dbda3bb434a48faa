import { type Type, applyDecorators } from '@nestjs/common';
import { ValidateBy, type ValidationArguments } from 'class-validator';
import type { Config } from '../config/config.js';
import { type FieldProblem, ValidationError } from '../errors/app-error.js';
import { FastCheck } from './fast-checks.js';

/**
 * Declares a rule of a policy for a text field, so that a response lists all invalid fields of a body at once.
 * `require` throws ValidationError for a text it rejects; it must be cheap.
 */
export function FieldRule(require: (text: string) => unknown): PropertyDecorator {
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
  return applyDecorators(ValidateBy({ name: 'fieldRule', validator }), FastCheck(validate)) as PropertyDecorator;
}

/** Returns the problems of the input, which is passed without the fields that are already `wrong`. It must be cheap. */
type Rule<Input extends object> = (input: Input, config: Config, wrong: ReadonlySet<string>) => readonly FieldProblem[];

const RULE = Symbol('rule of an input class');

/**
 * Declares a rule of an input class that depends on several fields, or on settings. The service that processes the
 * input checks the same rule. If a field is already rejected, the rule is checked by `readWithRule`, so that one
 * response lists all problems.
 */
export function InputRule<Input extends object>(rule: Rule<Input>): (dto: Type<Input>) => void {
  return (dto) => Reflect.defineMetadata(RULE, rule, dto);
}

/**
 * Returns the result of `read`.
 *
 * @throws the errors of `read`; to a ValidationError it adds the problems that the rule of the class has with valid
 * fields
 */
export function readWithRule<Result>(dto: Type<object>, data: unknown, config: Config, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ValidationError) || typeof data !== 'object' || data === null) throw error;
    const wrong = new Set(error.problems.map(({ field }) => field.split('.')[0]!));
    const valid = Object.entries(data).filter(([name]) => !wrong.has(name));
    const more = ruleOf(dto)(Object.fromEntries(valid), config, wrong).filter(({ field }) => !wrong.has(field));
    throw new ValidationError(firstOfEach([...error.problems, ...more]));
  }
}

/** @throws ValidationError with the first problem of each field */
export function throwProblems(problems: readonly FieldProblem[]): void {
  if (problems.length > 0) throw new ValidationError(firstOfEach(problems));
}

/** Returns the problems of a check that throws. @throws errors other than ValidationError */
export function problemsOf(check: () => unknown): readonly FieldProblem[] {
  try {
    check();
    return [];
  } catch (error) {
    if (error instanceof ValidationError) return error.problems;
    throw error;
  }
}

function ruleOf(dto: Type<object>): Rule<object> {
  return (Reflect.getMetadata(RULE, dto) as Rule<object> | undefined) ?? (() => []);
}

function firstOfEach(problems: readonly FieldProblem[]): FieldProblem[] {
  const named = new Set<string>();
  return problems.filter(({ field }) => !named.has(field) && named.add(field));
}
