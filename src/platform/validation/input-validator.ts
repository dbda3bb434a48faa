import type { Type } from '@nestjs/common';
import { validateSync, type ValidationError as Violation } from 'class-validator';
import { ValidationError, type FieldProblem } from '../errors/app-error.js';
import { type FastChecks, fastChecksOf } from './fast-checks.js';
import { collectedFieldsOf, collectKeys, createInstance, nestedClassOf, normaliserOf } from './normalise.js';
import { UserReferences } from './user-references.js';
import { renamerFor } from './former-names.js';

interface Field extends FastChecks {
  readonly name: string;
  /** Of the class of a nested object. */
  readonly nested: InputValidator<object> | undefined;
  readonly normalise: ((value: unknown) => unknown) | undefined;
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
 * for every object, which costs more than the rest of a frame, so the checks that the decorators of `fields.ts` declare
 * run first. They can accept but not reject: data that they do not accept is passed to class-validator, which
 * decides and provides the messages.
 */
export class InputValidator<Dto extends object> {
  /** Undefined if no field refers to a user. */
  readonly userReferences: UserReferences | undefined;
  private readonly fields: ReadonlyMap<string, Field>;
  private readonly collected: readonly string[];
  private readonly rename: ((data: object) => object) | undefined;

  constructor(private readonly dto: Type<Dto>) {
    this.userReferences = UserReferences.of(dto);
    this.fields = compile(dto);
    this.collected = collectedFieldsOf(dto);
    this.rename = renamerFor(dto);
  }

  /** @throws ValidationError with every problem */
  read(sent: unknown): Dto {
    if (typeof sent !== 'object' || sent === null || Array.isArray(sent)) {
      throw ValidationError.of('data', 'must be an object');
    }
    const record = (this.rename ? this.rename(sent) : sent) as Record<string, unknown>;
    const data = this.collected.length > 0 ? collectKeys(record, this.collected) : record;
    return this.tryFastChecks(data) ?? this.readWithClassValidator(data);
  }

  /** `read` with class-validator. @throws ValidationError with every problem */
  readWithClassValidator(data: object): Dto {
    const input = createInstance(this.dto, data);
    const violations = validateSync(input, STRICT);
    if (violations.length > 0) throw new ValidationError(fieldProblems(violations));
    return input;
  }

  /** Whether the fast checks accept a nested object, which is already an instance of the class. */
  private accepts(instance: Record<string, unknown>): boolean {
    return this.tryFastChecks(instance) !== undefined;
  }

  /** Returns the input if the fast checks accept it. */
  private tryFastChecks(data: Record<string, unknown>): Dto | undefined {
    const { fields } = this;
    const input = new this.dto() as Dto & Record<string, unknown>;
    for (const key of Object.keys(data)) {
      const field = fields.get(key);
      if (!field) return undefined;
      const value = data[key];
      (input as Record<string, unknown>)[key] = field.normalise ? field.normalise(value) : value;
    }
    for (const field of fields.values()) {
      const value = input[field.name];
      if (!field.conditions.every((applies) => applies(value))) continue;
      for (const check of field.checks) if (!check(value)) return undefined;
      if (field.nested && !field.nested.accepts(value as Record<string, unknown>)) return undefined;
    }
    return input;
  }
}

function compile(dto: Type<object>): ReadonlyMap<string, Field> {
  const fields = new Map<string, Field>();
  for (const [name, { conditions, checks }] of fastChecksOf(dto)) {
    const nestedClass = nestedClassOf(dto, name)?.();
    const nested = nestedClass && new InputValidator(nestedClass);
    fields.set(name, { name, nested, normalise: normaliserOf(dto, name), conditions, checks });
  }
  return fields;
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
