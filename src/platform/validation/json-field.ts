import {
  isObject,
  IsObject,
  Validate,
  type ValidationArguments,
  ValidatorConstraint,
  type ValidatorConstraintInterface,
} from 'class-validator';
import { check, field, type FieldOptions } from './fields.js';
import { METADATA_REF } from './safe-json.js';

function isSmallJson(value: unknown, maxBytes: number): boolean {
  return Buffer.byteLength(JSON.stringify(value) ?? '') <= maxBytes;
}

@ValidatorConstraint({ name: 'isSmallJson' })
class IsSmallJson implements ValidatorConstraintInterface {
  validate(value: unknown, { constraints }: ValidationArguments): boolean {
    return isSmallJson(value, constraints[0] as number);
  }

  defaultMessage({ property, constraints }: ValidationArguments): string {
    return `${property} must be at most ${String(constraints[0])} bytes of JSON`;
  }
}

/** A JSON object with any members, at most `maxBytes` of JSON. It is stored unchanged. */
export function JsonField(options: FieldOptions & { maxBytes: number }): PropertyDecorator {
  const { description = 'Data of the client, stored unchanged', maxBytes } = options;
  const described = { ...options, description: `${description}; at most ${maxBytes} bytes of JSON` };
  const isSmall = check(Validate(IsSmallJson, [maxBytes]), (value) => isSmallJson(value, maxBytes));
  return field(described, METADATA_REF, check(IsObject(), isObject), isSmall);
}
