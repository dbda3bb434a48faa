import type { Type } from '@nestjs/common';
import {
  getMetadataStorage,
  validateSync,
  type ValidatorConstraintInterface,
  type ValidationError as Violation,
} from 'class-validator';
import { ValidationError, type FieldProblem } from '../errors/app-error.js';
import { instanceOf, nestedIn, normaliserOf } from './normalise.js';

type Check = (value: unknown, object: object) => boolean;

interface Field {
  readonly name: string;
  readonly normalise: ((value: unknown) => unknown) | undefined;
  readonly conditions: Check[];
  readonly checks: Check[];
}

const STRICT = {
  whitelist: true,
  forbidNonWhitelisted: true,
  forbidUnknownValues: false, // a class without fields accepts an empty object
  stopAtFirstError: true,
  validationError: { target: false },
} as const;

/**
 * Validates the data of a frame or request and converts it to its input class. class-validator traverses its metadata
 * for every object, which costs more than the rest of a frame, so the same checks are compiled once for each class.
 * They may only accept: data that they do not accept is passed to class-validator, which decides and provides the
 * messages.
 */
export class CheckedInput<Dto extends object> {
  private readonly fields: ReadonlyMap<string, Field> | undefined;

  constructor(private readonly dto: Type<Dto>) {
    this.fields = compile(dto);
  }

  /** @throws ValidationError with every problem */
  read(data: unknown): Dto {
    if (typeof data !== 'object' || data === null || Array.isArray(data)) {
      throw ValidationError.of('data', 'must be an object');
    }
    return (this.fields && this.accept(data as Record<string, unknown>, this.fields)) ?? this.validate(data);
  }

  /** `read` with class-validator. @throws ValidationError with every problem */
  validate(data: object): Dto {
    const input = instanceOf(this.dto, data);
    const violations = validateSync(input, STRICT);
    if (violations.length > 0) throw new ValidationError(fieldProblems(violations));
    return input;
  }

  private accept(data: Record<string, unknown>, fields: ReadonlyMap<string, Field>): Dto | undefined {
    const input = new this.dto() as Dto & Record<string, unknown>;
    for (const key of Object.keys(data)) {
      const field = fields.get(key);
      if (!field) return undefined;
      const value = data[key];
      (input as Record<string, unknown>)[key] = field.normalise ? field.normalise(value) : value;
    }
    for (const field of fields.values()) {
      const value = input[field.name];
      if (!field.conditions.every((isRequired) => isRequired(value, input))) continue;
      for (const check of field.checks) if (!check(value, input)) return undefined;
    }
    return input;
  }
}

/**
 * Compiles the checks of a class. Returns undefined if a check is not supported; class-validator then always validates
 * it.
 */
function compile(dto: Type<object>): ReadonlyMap<string, Field> | undefined {
  const metadata = getMetadataStorage().getTargetValidationMetadatas(dto, '', false, false);
  const fields = new Map<string, Field>();
  for (const declared of metadata) {
    const name = declared.propertyName;
    const field = fields.get(name) ?? { name, normalise: normaliserOf(dto, name), conditions: [], checks: [] };
    fields.set(name, field);
    if (declared.type === 'conditionalValidation') {
      field.conditions.push((value, object) => Boolean(declared.constraints[0](object, value)));
    } else if (declared.type === 'customValidation') {
      const check = checkOf(declared.constraintCls, declared);
      if (!check) return undefined;
      field.checks.push(check);
    } else if (declared.type !== 'whitelistValidation') {
      return undefined;
    }
    if (nestedIn(dto, name)) return undefined;
  }
  return fields;
}

function checkOf(
  constraint: object,
  { each, constraints, propertyName }: { each: boolean; constraints: unknown[]; propertyName: string },
): Check | undefined {
  const [declared, ...others] = getMetadataStorage().getTargetValidatorConstraints(constraint as never);
  if (!declared || declared.async || others.length > 0) return undefined;
  const validator = declared.instance as ValidatorConstraintInterface;
  const one: Check = (value, object) =>
    validator.validate(value, { targetName: '', property: propertyName, object, value, constraints }) === true;
  if (!each) return one;
  return (values, object) => Array.isArray(values) && values.every((value) => one(value, object));
}

/**
 * Returns one problem for each field, with dotted paths for nested fields. A missing field is only reported as missing.
 */
function fieldProblems(violations: readonly Violation[], parent = ''): FieldProblem[] {
  return violations.flatMap(({ property, value, constraints, children }) => {
    const field = parent ? `${parent}.${property}` : property;
    const [kind, reason] = Object.entries(constraints ?? {})[0] ?? [];
    const isMissing = value === undefined && kind !== 'whitelistValidation';
    const own = reason === undefined ? [] : [{ field, reason: isMissing ? 'is required' : reason }];
    return [...own, ...fieldProblems(children ?? [], field)];
  });
}
