import { applyDecorators, type Type } from '@nestjs/common';
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  arrayMaxSize,
  ArrayMinSize,
  arrayMinSize,
  isArray,
  isBoolean,
  isIn,
  isInt,
  isObject,
  isString,
  matches,
  max,
  min,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  Max,
  Min,
  Validate,
  ValidateBy,
  ValidateIf,
  ValidateNested,
  type ValidationArguments,
  ValidatorConstraint,
  type ValidatorConstraintInterface,
} from 'class-validator';
import { METADATA_REF } from './safe-json.js';
import { type Check, FastCheck, FastCheckIf } from './fast-checks.js';
import { CollectKeys, Nested, NormaliseWith } from './normalise.js';
import { codePointLength } from './text.js';
import { EXTERNAL_ID_MAX, isExternalReference, UserReference } from './user-references.js';

/**
 * Each field has one decorator, which validates the value (in REST bodies, queries and frames) and describes it in the
 * OpenAPI document. Two declarations of one field could contradict each other.
 */
export interface FieldOptions {
  description?: string;
  example?: unknown;
  /** The field may be absent. */
  optional?: boolean;
  /** The field may be null, which removes a value; an absent field leaves it unchanged. */
  nullable?: boolean;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;
/**
 * Day, then hour and minute, second, Z, and sign, hours and minutes of an offset. A `+` in a URL is read as a space.
 */
const ISO_TIME =
  /^(\d{4}-\d{2}-\d{2})(?:[Tt ](\d{2}:\d{2})(?::(\d{2}(?:[.,]\d{1,9})?))?(?:[Zz]|([ +-])(\d{2}):?(\d{2})?))?$/;

/** The maximum size of a request body. */
export const MAX_BODY_BYTES = 256 * 1024;

/** The maximum length of texts whose length a service checks later: that of a whole body. */
export const BODY_TEXT_MAX = MAX_BODY_BYTES;

/** Whether `value` is a UUID in the text form of RFC 9562. */
export function isUuid(value: unknown): value is string {
  return typeof value === 'string' && UUID.test(value);
}

function field(options: FieldOptions, schema: ApiPropertyOptions, ...checks: PropertyDecorator[]): PropertyDecorator {
  const { optional = false, nullable = false, description, example } = options;
  const decorators: PropertyDecorator[] = [...checks];
  if (optional && nullable)
    decorators.push(
      IsOptional(),
      FastCheckIf((value) => isPresent(value) && value !== null),
    );
  else if (nullable) decorators.push(...onlyIf((value) => value !== null));
  else if (optional) decorators.push(...onlyIf(isPresent));
  const described = { ...schema, required: !optional, nullable, description, example } as ApiPropertyOptions;
  return applyDecorators(...decorators, ApiProperty(described)) as PropertyDecorator;
}

function isPresent(value: unknown): boolean {
  return value !== undefined;
}

/** Validates a field only if its value passes the condition. */
function onlyIf(condition: Check): PropertyDecorator[] {
  return [ValidateIf((_object, value) => condition(value)), FastCheckIf(condition)];
}

/** A check of class-validator, and the function that decides it. */
function check(decorator: PropertyDecorator, accepts: Check): PropertyDecorator {
  return applyDecorators(decorator, FastCheck(accepts)) as PropertyDecorator;
}

/** As `check`, for every value of a list. */
function checkEach(decorator: PropertyDecorator, accepts: Check): PropertyDecorator {
  return check(decorator, (values) => Array.isArray(values) && values.every(accepts));
}

function listOf(maxSize: number): PropertyDecorator[] {
  const isShort: Check = (value) => arrayMaxSize(value as unknown[], maxSize);
  return [check(IsArray(), isArray), check(ArrayMaxSize(maxSize), isShort)];
}

/** A text of at most `max` code points. They are not counted if the text is far longer. */
function MaxLength(max: number, { each = false } = {}): PropertyDecorator {
  const validate = (value: unknown): boolean =>
    typeof value === 'string' && (value.length <= max || (value.length <= 2 * max && codePointLength(value) <= max));
  const defaultMessage = `$property must be shorter than or equal to ${max} characters`;
  const validator = { validate, defaultMessage: (): string => defaultMessage };
  return (each ? checkEach : check)(ValidateBy({ name: 'maxLength', validator }, { each }), validate);
}

/** A text of at least `min` code points. */
function MinLength(min: number): PropertyDecorator {
  const validate = (value: unknown): boolean =>
    typeof value === 'string' && (value.length >= 2 * min || codePointLength(value) >= min);
  const defaultMessage = `$property must be longer than or equal to ${min} characters`;
  const validator = { validate, defaultMessage: (): string => defaultMessage };
  return check(ValidateBy({ name: 'minLength', validator }), validate);
}

/** A text of `min` to `max` code points; the service checks further rules. */
export function TextField(options: FieldOptions & { min?: number; max: number; pattern?: RegExp }): PropertyDecorator {
  const { min = 0, max, pattern } = options;
  const checks = [check(IsString(), isString), MaxLength(max)];
  if (min > 0) checks.push(MinLength(min));
  if (pattern) checks.push(check(Matches(pattern), (value) => matches(value as string, pattern)));
  const schema: ApiPropertyOptions = { type: String, maxLength: max };
  if (min > 0) schema.minLength = min;
  if (pattern) schema.pattern = pattern.source;
  return field(options, schema, ...checks);
}

/**
 * Declares names that are no fields of a class but of a similar call, each with the reason that a client gets instead
 * of "should not exist": what to send.
 */
export function RefusedFields(reasons: Readonly<Record<string, string>>): (dto: Type<object>) => void {
  return ({ prototype }) => {
    for (const [name, reason] of Object.entries(reasons)) {
      const validator = { validate: (): boolean => false, defaultMessage: (): string => reason };
      const refused = check(ValidateBy({ name: 'refused', validator }), validator.validate);
      for (const decorate of [refused, ...onlyIf(isPresent)]) decorate(prototype as object, name);
    }
  };
}

/** A UUID, converted to lower case. */
export function UuidField(options: FieldOptions = {}): PropertyDecorator {
  return field(
    options,
    { type: String, format: 'uuid' },
    NormaliseWith((value) => (typeof value === 'string' ? value.toLowerCase() : value)),
    check(Matches(UUID, { message: '$property must be a UUID' }), isUuid),
  );
}

/** Up to `max` different UUIDs; duplicates are removed. */
export function UuidListField(options: FieldOptions & { max: number }): PropertyDecorator {
  return field(
    options,
    { type: [String], format: 'uuid', maxItems: options.max },
    NormaliseWith((value) =>
      Array.isArray(value)
        ? [...new Set(value.map((id: unknown) => (typeof id === 'string' ? id.toLowerCase() : id)))]
        : value,
    ),
    ...listOf(options.max),
    checkEach(Matches(UUID, { each: true, message: 'each value in $property must be a UUID' }), isUuid),
  );
}

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

/** Up to `max` different users, each as in `UserIdField`; duplicates are removed. */
export function UserIdListField(options: FieldOptions & { max: number }): PropertyDecorator {
  const validator = { validate: isUserId, defaultMessage: (): string => `each value in $property ${USER_ID_RULE}` };
  return field(
    describedUserId(options),
    { type: [String], format: 'user-id', maxItems: options.max },
    UserReference(),
    NormaliseWith((value) => (Array.isArray(value) ? [...new Set(value.map(normaliseUserId))] : value)),
    ...listOf(options.max),
    checkEach(ValidateBy({ name: 'isUserId', validator }, { each: true }), isUserId),
  );
}

function describedUserId<Options extends FieldOptions>(options: Options): Options {
  const form = 'A UUID, or `external:` and the id in the host product';
  return { ...options, description: options.description === undefined ? form : `${options.description}. ${form}` };
}

/** Up to `max` texts of at most `maxLength`. */
export function TextListField(options: FieldOptions & { max: number; maxLength: number }): PropertyDecorator {
  return field(
    options,
    { type: [String], maxItems: options.max },
    ...listOf(options.max),
    checkEach(IsString({ each: true }), isString),
    MaxLength(options.maxLength, { each: true }),
  );
}

/** A whole number. In a query string decimal digits are accepted; "1e3", " 1" and "" are not numbers. */
export function IntField(options: FieldOptions & { min: number; max: number }): PropertyDecorator {
  return field(
    options,
    { type: 'integer', minimum: options.min, maximum: options.max },
    NormaliseWith((value) => (typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value)),
    check(IsInt({ message: '$property must be a whole number' }), isInt),
    check(Min(options.min), (value) => min(value, options.min)),
    check(Max(options.max), (value) => max(value, options.max)),
  );
}

/** `true` or `false`, in a query string as text. */
export function BooleanField(options: FieldOptions = {}): PropertyDecorator {
  return field(
    options,
    { type: Boolean },
    NormaliseWith((value) => (value === 'true' ? true : value === 'false' ? false : value)),
    check(IsBoolean(), isBoolean),
  );
}

/** One value of a list. */
export function EnumField(options: FieldOptions & { values: readonly string[] }): PropertyDecorator {
  const isKnown: Check = (value) => isIn(value, options.values);
  return field(options, { type: String, enum: [...options.values] }, check(IsIn(options.values), isKnown));
}

/** One or more values of a list; duplicates are removed. */
export function EnumListField(options: FieldOptions & { values: readonly string[] }): PropertyDecorator {
  const { values } = options;
  const isKnown: Check = (value) => isIn(value, values);
  return field(
    options,
    { type: 'array', items: { type: 'string', enum: [...values] }, minItems: 1, maxItems: values.length },
    NormaliseWith((value) => (Array.isArray(value) ? [...new Set<unknown>(value)] : value)),
    ...listOf(values.length),
    check(ArrayMinSize(1), (value) => arrayMinSize(value as unknown[], 1)),
    checkEach(IsIn(values, { each: true }), isKnown),
  );
}

function isIsoTime(value: unknown): boolean {
  return typeof value === 'string' && instantOf(value) !== undefined;
}

@ValidatorConstraint({ name: 'isIsoTime' })
class IsIsoTime implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    return isIsoTime(value);
  }

  defaultMessage({ property }: ValidationArguments): string {
    return `${property} must be an ISO 8601 time with a zone, such as 2026-11-28T09:30:00Z, or a day`;
  }
}

/**
 * A time of the years 1 to 9999 in RFC 3339, or in further forms of ISO 8601 (no seconds, `+0200`, `+02`). A day alone
 * means its beginning in UTC; a time without a zone is rejected, because its zone is unknown. The value is converted to
 * UTC in milliseconds, since PostgreSQL and JavaScript interpret days and zones that do not exist differently.
 */
export function TimeField(options: FieldOptions = {}): PropertyDecorator {
  return field(
    options,
    { type: String, format: 'date-time' },
    NormaliseWith((value) => (typeof value === 'string' ? (instantOf(value)?.toISOString() ?? value) : value)),
    check(Validate(IsIsoTime), isIsoTime),
  );
}

const FIRST_INSTANT = Date.parse('0001-01-01T00:00:00Z');
const LAST_INSTANT = Date.parse('9999-12-31T23:59:59.999Z');

/**
 * Parses a time; undefined if it is invalid. The day is checked because JavaScript reads the 31st of February as a day
 * of March.
 */
function instantOf(text: string): Date | undefined {
  const [, date, minute = '00:00', second = '00', sign, hours, minutes = '00'] = ISO_TIME.exec(text) ?? [];
  if (date === undefined) return undefined;
  const zone = sign === undefined ? 'Z' : `${sign === ' ' ? '+' : sign}${hours}:${minutes}`;
  const day = new Date(`${date}T00:00:00Z`);
  const instant = new Date(`${date}T${minute}:${second.replace(',', '.')}${zone}`);
  const exists = day.getUTCDate() === Number(date.slice(8, 10));
  return exists && instant.getTime() >= FIRST_INSTANT && instant.getTime() <= LAST_INSTANT ? instant : undefined;
}

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

/** Query parameters named `<field>.<key>`, as one object of up to `max` texts. */
export function KeyedTextsField(options: FieldOptions & { max: number; maxLength: number }): PropertyDecorator {
  const { max, maxLength } = options;
  const isSmall: Check = (value) =>
    isObject(value) &&
    Object.entries(value).length <= max &&
    Object.entries(value).every(([key, text]) => isShortText(key, maxLength) && isShortText(text, maxLength));
  const defaultMessage = `$property must be up to ${max} texts of at most ${maxLength} characters, as $property.<key>`;
  const validator = { validate: isSmall, defaultMessage: (): string => defaultMessage };
  const schema: ApiPropertyOptions = { type: 'object', additionalProperties: { type: 'string', maxLength } };
  return applyDecorators(
    field(options, schema, check(ValidateBy({ name: 'keyedTexts', validator }), isSmall)),
    CollectKeys(),
  ) as PropertyDecorator;
}

function isShortText(value: unknown, maxLength: number): boolean {
  return typeof value === 'string' && codePointLength(value) <= maxLength;
}

/**
 * A value of a form that no other decorator describes. `accepts` decides about the normalised value; `reason` describes
 * the form to clients.
 */
export function CustomField(
  options: FieldOptions & {
    schema: ApiPropertyOptions;
    normalise: (value: unknown) => unknown;
    accepts: Check;
    reason: string;
  },
): PropertyDecorator {
  const { schema, normalise, accepts, reason } = options;
  const validator = { validate: accepts, defaultMessage: (): string => reason };
  return field(options, schema, NormaliseWith(normalise), check(ValidateBy({ name: 'custom', validator }), accepts));
}

/** An object with its own class. */
export function NestedField(options: FieldOptions & { type: () => new () => object }): PropertyDecorator {
  return field(options, { type: options.type }, check(IsObject(), isObject), ValidateNested(), Nested(options.type));
}

/**
 * Up to `max` objects of a class that the handler reads one by one with `InputValidator`, so that a wrong entry does
 * not reject the others.
 */
export function EntriesField(options: FieldOptions & { type: () => new () => object; max: number }): PropertyDecorator {
  const { type, max: most, ...rest } = options;
  const schema = { type: [type()], maxItems: most } as ApiPropertyOptions;
  return field(rest, schema, ...listOf(most));
}
