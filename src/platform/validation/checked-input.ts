import type { Type } from '@nestjs/common';
import { plainToInstance, TransformationType } from 'class-transformer';
import { defaultMetadataStorage } from 'class-transformer/cjs/storage.js';
import { getMetadataStorage, validateSync, type ValidatorConstraintInterface } from 'class-validator';
import { ValidationError } from '../errors/app-error.js';
import { fieldProblems } from './field-problems.js';

type Check = (value: unknown, object: object) => boolean;

interface Field {
  readonly name: string;
  readonly transforms: ((params: object) => unknown)[];
  readonly conditions: Check[];
  readonly checks: Check[];
}

const STRICT = {
  whitelist: true,
  forbidNonWhitelisted: true,
  forbidUnknownValues: true,
  stopAtFirstError: true,
  validationError: { target: false },
} as const;

/**
 * Turns the data of a frame, or the body of a request, into its input class. class-validator walks its metadata anew for every object, which
 * costs more than all else a frame needs; so the same checks are laid out once per class. They only ever accept:
 * whatever they do not accept goes to class-validator, whose word counts and whose messages the client gets.
 */
export class CheckedInput<Dto extends object> {
  private readonly fields: ReadonlyMap<string, Field> | undefined;

  constructor(private readonly dto: Type<Dto>) {
    this.fields = layOut(dto);
  }

  /** @throws ValidationError with every problem at once */
  read(data: unknown): Dto {
    if (typeof data !== 'object' || data === null || Array.isArray(data)) {
      throw ValidationError.of('data', 'must be an object');
    }
    return (this.fields && this.accept(data as Record<string, unknown>, this.fields)) ?? this.validate(data);
  }

  /** Undefined where it takes class-validator to say what is wrong. */
  accepted(data: object): Dto | undefined {
    return this.fields && !Array.isArray(data) ? this.accept(data as Record<string, unknown>, this.fields) : undefined;
  }

  private accept(data: Record<string, unknown>, fields: ReadonlyMap<string, Field>): Dto | undefined {
    const input = new this.dto() as Dto & Record<string, unknown>;
    for (const key of Object.keys(data)) {
      const field = fields.get(key);
      if (!field) return undefined;
      let value = data[key];
      for (const transform of field.transforms) {
        value = transform({ value, key, obj: data, type: TransformationType.PLAIN_TO_CLASS, options: {} });
      }
      (input as Record<string, unknown>)[key] = value;
    }
    for (const field of fields.values()) {
      const value = input[field.name];
      if (!field.conditions.every((isAsked) => isAsked(value, input))) continue;
      for (const check of field.checks) if (!check(value, input)) return undefined;
    }
    return input;
  }

  private validate(data: object): Dto {
    const input = plainToInstance(this.dto, data);
    const violations = validateSync(input, STRICT);
    if (violations.length > 0) throw new ValidationError(fieldProblems(violations));
    return input;
  }
}

/** Undefined for a class that declares something this file does not know: it is then always validated the long way. */
function layOut(dto: Type<object>): ReadonlyMap<string, Field> | undefined {
  const metadata = getMetadataStorage().getTargetValidationMetadatas(dto, '', false, false);
  const fields = new Map<string, Field>();
  for (const declared of metadata) {
    const name = declared.propertyName;
    const field = fields.get(name) ?? { name, transforms: transformsOf(dto, name), conditions: [], checks: [] };
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
    const isTyped =
      defaultMetadataStorage.findTypeMetadata(dto, name) ??
      defaultMetadataStorage.findExposeMetadata(dto, name) ??
      defaultMetadataStorage.findExcludeMetadata(dto, name);
    if (isTyped) return undefined;
  }
  return fields;
}

function transformsOf(dto: Type<object>, name: string): Field['transforms'] {
  return defaultMetadataStorage
    .findTransformMetadatas(dto, name, TransformationType.PLAIN_TO_CLASS)
    .map(({ transformFn }) => transformFn);
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
