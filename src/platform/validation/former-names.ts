import 'reflect-metadata';
import type { Type } from '@nestjs/common';
import { ValidationError } from '../errors/app-error.js';

type Names = Readonly<Record<string, string>>;

const FORMER_NAMES = Symbol('former names of the fields of an input class');

/**
 * Declares former names of fields, each with the current one. Input with a former name is read as if it had the current
 * name, so that existing clients go on working; handlers and documents have only the current names.
 */
export function FormerNames(names: Names): (dto: Type<object>) => void {
  return ({ prototype }) => Reflect.defineMetadata(FORMER_NAMES, names, prototype as object);
}

/** Returns a function that renames the fields of input for the class; undefined if none has a former name. */
export function renamerFor(dto: Type<object>): ((data: object) => object) | undefined {
  const names = Reflect.getMetadata(FORMER_NAMES, dto.prototype as object) as Names | undefined;
  return names && ((data) => rename(data, names));
}

/** @throws ValidationError if a field is sent under both names */
function rename(data: object, names: Names): object {
  const fields = Object.entries(data);
  if (!fields.some(([name]) => Object.hasOwn(names, name))) return data;
  for (const [former, current] of Object.entries(names)) {
    if (Object.hasOwn(data, former) && Object.hasOwn(data, current)) {
      throw ValidationError.of(former, `is the former name of ${current}: send only ${current}`);
    }
  }
  return Object.fromEntries(fields.map(([name, value]) => [Object.hasOwn(names, name) ? names[name]! : name, value]));
}
