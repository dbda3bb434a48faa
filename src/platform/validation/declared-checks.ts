import 'reflect-metadata';

/** Whether a value passes a check. */
export type Check = (value: unknown) => boolean;

/** The checks of a field. They apply to a value that passes all conditions; any other value is accepted. */
export interface CheckedField {
  readonly conditions: readonly Check[];
  readonly checks: readonly Check[];
}

type Fields = ReadonlyMap<string, CheckedField>;

const FIELDS = Symbol('checks of the fields of an input class');

/** Declares a check of a field, beside a decorator of class-validator that rejects the same values with a message. */
export function Checked(check: Check): PropertyDecorator {
  return (prototype, property) => declare(prototype, property, { conditions: [], checks: [check] });
}

/** Declares for which values the checks of a field apply, beside `ValidateIf` or `IsOptional`. */
export function CheckedIf(condition: Check): PropertyDecorator {
  return (prototype, property) => declare(prototype, property, { conditions: [condition], checks: [] });
}

/** All declared fields of a class, its parents included, by name. */
export function checkedFields(dto: new () => object): Fields {
  return (Reflect.getMetadata(FIELDS, dto.prototype as object) as Fields | undefined) ?? new Map();
}

function declare(prototype: object, property: string | symbol, { conditions, checks }: CheckedField): void {
  const declared = (Reflect.getMetadata(FIELDS, prototype) as Fields | undefined) ?? new Map<string, CheckedField>();
  const name = String(property);
  const known = declared.get(name) ?? { conditions: [], checks: [] };
  const field = { conditions: [...known.conditions, ...conditions], checks: [...known.checks, ...checks] };
  Reflect.defineMetadata(FIELDS, new Map([...declared, [name, field]]), prototype);
}
