import {
  Validate,
  type ValidationArguments,
  ValidatorConstraint,
  type ValidatorConstraintInterface,
} from 'class-validator';
import type { FieldProblem } from '../errors/app-error.js';
import { check, field, type FieldOptions } from './fields.js';
import { NormaliseWith } from './normalise.js';

/**
 * Day, then hour and minute, second, Z, and sign, hours and minutes of an offset. A `+` in a URL is read as a space.
 */
const ISO_TIME =
  /^(\d{4}-\d{2}-\d{2})(?:[Tt ](\d{2}:\d{2})(?::(\d{2}(?:[.,]\d{1,9})?))?(?:[Zz]|([ +-])(\d{2}):?(\d{2})?))?$/;

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
export function instantOf(text: string): Date | undefined {
  const [, date, minute = '00:00', second = '00', sign, hours, minutes = '00'] = ISO_TIME.exec(text) ?? [];
  if (date === undefined) return undefined;
  const zone = sign === undefined ? 'Z' : `${sign === ' ' ? '+' : sign}${hours}:${minutes}`;
  const day = new Date(`${date}T00:00:00Z`);
  const instant = new Date(`${date}T${minute}:${second.replace(',', '.')}${zone}`);
  const exists = day.getUTCDate() === Number(date.slice(8, 10));
  return exists && instant.getTime() >= FIRST_INSTANT && instant.getTime() <= LAST_INSTANT ? instant : undefined;
}

/** Returns what is wrong with the end of something that begins now: it is in the future, or there is none. */
export function problemsOfEnd(field: string, end: string | null | undefined): FieldProblem[] {
  const isOver = typeof end === 'string' && Date.parse(end) <= Date.now();
  return isOver ? [{ field, reason: 'must be in the future' }] : [];
}
