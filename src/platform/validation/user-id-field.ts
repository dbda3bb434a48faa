import type { ApiPropertyOptions } from '@nestjs/swagger';
import { ArrayMinSize, arrayMinSize, ValidateBy } from 'class-validator';
import { check, checkEach, field, type FieldOptions, isUuid, listOf } from './fields.js';
import { NormaliseWith } from './normalise.js';
import { EXTERNAL_ID_MAX, isExternalReference, UserReference } from './user-references.js';

const USER_ID_SCHEMA: ApiPropertyOptions = {
  type: String,
  format: 'user-id',
  maxLength: 'external:'.length + EXTERNAL_ID_MAX,
};

const USER_ID_RULE = 'must be a UUID, or external: and an id in the host product';

/** A UUID in lower case; an external reference as it is, because the host product chooses its ids. */
export function normaliseUserId(value: unknown): unknown {
  return isUuid(value) ? value.toLowerCase() : value;
}

/** Whether `value` is the id of a user, in either form of `UserIdField`. */
export function isUserId(value: unknown): boolean {
  return isUuid(value) || isExternalReference(value);
}

/**
 * The id of a user: a UUID, or `external:` and the id in the host product. Handlers receive the UUID: external ids are
 * resolved once for each request or frame, after its validation.
 */
export function UserIdField(options: FieldOptions = {}): PropertyDecorator {
  const validator = { validate: isUserId, defaultMessage: (): string => `$property ${USER_ID_RULE}` };
  return field(
    describedUserId(options),
    USER_ID_SCHEMA,
    UserReference(),
    NormaliseWith(normaliseUserId),
    check(ValidateBy({ name: 'isUserId', validator }), isUserId),
  );
}

/** From `min` up to `max` different users, each as in `UserIdField`; duplicates are removed. */
export function UserIdListField({
  min = 0,
  ...options
}: FieldOptions & { min?: number; max: number }): PropertyDecorator {
  const validator = { validate: isUserId, defaultMessage: (): string => `each value in $property ${USER_ID_RULE}` };
  return field(
    describedUserId(options),
    { type: [String], format: 'user-id', ...(min > 0 && { minItems: min }), maxItems: options.max },
    UserReference(),
    NormaliseWith((value) => (Array.isArray(value) ? [...new Set(value.map(normaliseUserId))] : value)),
    ...listOf(options.max),
    ...(min > 0 ? [check(ArrayMinSize(min), (value) => arrayMinSize(value as unknown[], min))] : []),
    checkEach(ValidateBy({ name: 'isUserId', validator }, { each: true }), isUserId),
  );
}

function describedUserId<Options extends FieldOptions>(options: Options): Options {
  const form = 'A UUID, or `external:` and the id in the host product';
  return { ...options, description: options.description === undefined ? form : `${options.description}. ${form}` };
}
