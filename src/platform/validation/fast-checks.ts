import 'reflect-metadata';

/** Whether a value passes a check. */
export type Check = (value: unknown) => boolean;

/** The checks of a field. They apply to a value that passes all conditions; any other value is accepted. */
export interface FastChecks {
  readonly conditions: readonly Check[];
  readonly checks: readonly Check[];
}

type Fields = ReadonlyMap<string, FastChecks>;

const FIELDS = Symbol('checks of the fields of an input class');

/**
 * Declares the fast form of a check of a field, beside a decorator of class-validator that rejects the same values with
 * a message.
 */
export function FastCheck(check: Check): PropertyDecorator {
  return (prototype, property) => declare(prototype, property, { conditions: [], checks: [check] });
}

/** Declares for which values the checks of a field apply, beside `ValidateIf` or `IsOptional`. */
export function FastCheckIf(condition: Check): PropertyDecorator {
  return (prototype, property) => declare(prototype, property, { conditions: [condition], checks: [] });
}

/** All declared fields of a class, its parents included, by name. */
export function fastChecksOf(dto: new () => object): Fields {
  return (Reflect.getMetadata(FIELDS, dto.prototype as object) as Fields | undefined) ?? new Map();
}

function declare(prototype: object, property: string | symbol, { conditions, checks }: FastChecks): void {
  const declared = (Reflect.getMetadata(FIELDS, prototype) as Fields | undefined) ?? new Map<string, FastChecks>();
  const name = String(property);
  const known = declared.get(name) ?? { conditions: [], checks: [] };
  const field = { conditions: [...known.conditions, ...conditions], checks: [...known.checks, ...checks] };
  Reflect.defineMetadata(FIELDS, new Map([...declared, [name, field]]), prototype);
}
