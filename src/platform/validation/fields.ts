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
  isNumber,
  isObject,
  isString,
  matches,
  max,
  min,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsNumber,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  Max,
  Min,
  ValidateBy,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { type Check, FastCheck, FastCheckIf } from './fast-checks.js';
import { CollectKeys, Nested, NormaliseWith } from './normalise.js';
import { codePointLength } from './text.js';

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
/** The maximum size of a request body. */
export const MAX_BODY_BYTES = 256 * 1024;

/** The maximum length of texts whose length a service checks later: that of a whole body. */
export const BODY_TEXT_MAX = MAX_BODY_BYTES;

/** Whether `value` is a UUID in the text form of RFC 9562. */
export function isUuid(value: unknown): value is string {
  return typeof value === 'string' && UUID.test(value);
}

/** The decorators of a field: its checks, and its description. For the files that declare kinds of fields. */
export function field(
  options: FieldOptions,
  schema: ApiPropertyOptions,
  ...checks: PropertyDecorator[]
): PropertyDecorator {
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
export function check(decorator: PropertyDecorator, accepts: Check): PropertyDecorator {
  return applyDecorators(decorator, FastCheck(accepts)) as PropertyDecorator;
}

/** As `check`, for every value of a list. */
export function checkEach(decorator: PropertyDecorator, accepts: Check): PropertyDecorator {
  return check(decorator, (values) => Array.isArray(values) && values.every(accepts));
}

/** The checks of a list of at most `maxSize` entries. */
export function listOf(maxSize: number): PropertyDecorator[] {
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

/** A number with a fraction, of a JSON body. */
export function NumberField(options: FieldOptions & { min: number; max: number }): PropertyDecorator {
  return field(
    options,
    { type: Number, minimum: options.min, maximum: options.max },
    check(IsNumber({}, { message: '$property must be a number' }), (value) => isNumber(value)),
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
