import type { ValidationError as Violation } from 'class-validator';
import type { FieldProblem } from '../errors/app-error.js';

/** Every field's problems, nested ones under their dotted path. */
export function fieldProblems(violations: readonly Violation[], parent = ''): FieldProblem[] {
  return violations.flatMap(({ property, constraints, children }) => {
    const field = parent ? `${parent}.${property}` : property;
    const own = Object.values(constraints ?? {}).map((reason) => ({ field, reason }));
    return [...own, ...fieldProblems(children ?? [], field)];
  });
}
