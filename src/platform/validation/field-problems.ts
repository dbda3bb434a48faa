import type { ValidationError as Violation } from 'class-validator';
import type { FieldProblem } from '../errors/app-error.js';

/**
 * Returns one problem for each field, with dotted paths for nested fields. A missing field is only reported as missing.
 */
export function fieldProblems(violations: readonly Violation[], parent = ''): FieldProblem[] {
  return violations.flatMap(({ property, value, constraints, children }) => {
    const field = parent ? `${parent}.${property}` : property;
    const [kind, reason] = Object.entries(constraints ?? {})[0] ?? [];
    const isMissing = value === undefined && kind !== 'whitelistValidation';
    const own = reason === undefined ? [] : [{ field, reason: isMissing ? 'is required' : reason }];
    return [...own, ...fieldProblems(children ?? [], field)];
  });
}
