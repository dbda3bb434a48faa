import type { ValidationError as Violation } from 'class-validator';
import type { FieldProblem } from '../errors/app-error.js';

/** One problem a field, nested ones under their dotted path. Of what is left out nothing is said but that. */
export function fieldProblems(violations: readonly Violation[], parent = ''): FieldProblem[] {
  return violations.flatMap(({ property, value, constraints, children }) => {
    const field = parent ? `${parent}.${property}` : property;
    const [kind, reason] = Object.entries(constraints ?? {})[0] ?? [];
    const isMissing = value === undefined && kind !== 'whitelistValidation';
    const own = reason === undefined ? [] : [{ field, reason: isMissing ? 'is required' : reason }];
    return [...own, ...fieldProblems(children ?? [], field)];
  });
}
