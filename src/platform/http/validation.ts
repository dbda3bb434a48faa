import { ValidationPipe } from '@nestjs/common';
import type { ValidationError as Violation } from 'class-validator';
import { ValidationError, type FieldProblem } from '../errors/app-error.js';

/** Every field's problems, nested ones under their dotted path. */
export function fieldProblems(violations: readonly Violation[], parent = ''): FieldProblem[] {
  return violations.flatMap(({ property, constraints, children }) => {
    const field = parent ? `${parent}.${property}` : property;
    const own = Object.values(constraints ?? {}).map((reason) => ({ field, reason }));
    return [...own, ...fieldProblems(children ?? [], field)];
  });
}

/** Bodies, queries and parameters become their DTO; fields a DTO does not declare are refused. */
export function validationPipe(): ValidationPipe {
  return new ValidationPipe({
    transform: true,
    whitelist: true,
    forbidNonWhitelisted: true,
    exceptionFactory: (violations) => new ValidationError(fieldProblems(violations)),
  });
}
