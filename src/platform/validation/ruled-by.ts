import type { Type } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { type FieldProblem, ValidationError } from '../errors/app-error.js';

/** What a rule says of input, without the fields that are `wrong` in themselves. It must be cheap. */
type Rule<Input extends object> = (input: Input, config: Config, wrong: ReadonlySet<string>) => readonly FieldProblem[];

const RULE = Symbol('rule of an input class');

/**
 * States what no field of an input class can state alone: what holds for several fields together, or with settings. Who
 * acts upon the input asks the same; where a field is refused already, the edge asks (`withRule`), so
 * that one answer names all that are wrong.
 */
export function RuledBy<Input extends object>(rule: Rule<Input>): (dto: Type<Input>) => void {
  return (dto) => Reflect.defineMetadata(RULE, rule, dto);
}

/**
 * What `read` answers. @throws what it throws; a ValidationError with what the rule of the class says of the fields that
 * have nothing else wrong
 */
export function withRule<Result>(dto: Type<object>, data: unknown, config: Config, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ValidationError) || typeof data !== 'object' || data === null) throw error;
    const wrong = new Set(error.problems.map(({ field }) => field.split('.')[0]!));
    const sound = Object.entries(data).filter(([name]) => !wrong.has(name));
    const more = ruleOf(dto)(Object.fromEntries(sound), config, wrong).filter(({ field }) => !wrong.has(field));
    throw new ValidationError(firstOfEach([...error.problems, ...more]));
  }
}

/** @throws ValidationError with the first problem of each field */
export function requireNone(problems: readonly FieldProblem[]): void {
  if (problems.length > 0) throw new ValidationError(firstOfEach(problems));
}

/** What a check that throws has to say. @throws what is no ValidationError */
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
