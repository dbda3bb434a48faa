import 'reflect-metadata';

type Normalise = (value: unknown) => unknown;
type Class = new () => object;

const NORMALISED = Symbol('normalise');
const NESTED = Symbol('nested');
const COLLECTED = Symbol('collected');

/**
 * Normalises the value of a field before validation. `normalise` receives what the client sent, of any type, and
 * returns values that it does not handle unchanged. Of several decorators on one field, the uppermost runs first.
 */
export function NormaliseWith(normalise: Normalise): PropertyDecorator {
  return (prototype, property) => {
    const later = normalisers(prototype, property);
    Reflect.defineMetadata(NORMALISED, [normalise, ...later], prototype, property);
  };
}

/** Converts the value of this field to an instance of `type()`, so that it is validated by that class. */
export function Nested(type: () => Class): PropertyDecorator {
  return (prototype, property) => Reflect.defineMetadata(NESTED, type, prototype, property);
}

/** Returns the normalisation of a field: its decorators in order, and then the conversion of a nested object. */
export function normaliserOf(dto: Class, property: string): Normalise | undefined {
  const prototype = dto.prototype as object;
  const steps = [...normalisers(prototype, property)];
  const nested = nestedClassOf(dto, property);
  if (nested) steps.push((value) => (isPlainObject(value) ? createInstance(nested(), value) : value));
  if (steps.length <= 1) return steps[0];
  return (value) => steps.reduce((current, step) => step(current), value);
}

/** Collects query parameters named `<field>.<key>` into this field, as an object. */
export function CollectKeys(): PropertyDecorator {
  return (prototype, property) => {
    const others = collectedFieldsOf(prototype.constructor as Class);
    Reflect.defineMetadata(COLLECTED, [...others, property], prototype);
  };
}

/** The fields of a class that collect parameters. */
export function collectedFieldsOf(dto: Class): readonly string[] {
  return (Reflect.getMetadata(COLLECTED, dto.prototype as object) as readonly string[] | undefined) ?? [];
}

/** Returns the data with the parameters named `<field>.<key>` in one object for each of these fields. */
export function collectKeys(data: Record<string, unknown>, fields: readonly string[]): Record<string, unknown> {
  const others = Object.entries(data).filter(([name]) => !fields.some((field) => name.startsWith(`${field}.`)));
  const collected = fields.map((field) => {
    const named = Object.entries(data).filter(([name]) => name.startsWith(`${field}.`));
    return [field, Object.fromEntries(named.map(([name, value]) => [name.slice(field.length + 1), value]))] as const;
  });
  return Object.fromEntries([...others, ...collected.filter(([, keys]) => Object.keys(keys).length > 0)]);
}

export function nestedClassOf(dto: Class, property: string): (() => Class) | undefined {
  return Reflect.getMetadata(NESTED, dto.prototype as object, property) as (() => Class) | undefined;
}

/**
 * Returns an instance with all fields of `data`, normalised. Undeclared fields are included, for validation to reject.
 */
export function createInstance<Dto extends object>(dto: new () => Dto, data: object): Dto {
  const instance = new dto();
  for (const [key, sent] of Object.entries(data)) {
    const normalise = normaliserOf(dto, key);
    const value = normalise ? normalise(sent) : sent;
    // Defined and not assigned, since a key such as __proto__ is data.
    Object.defineProperty(instance, key, { value, writable: true, enumerable: true, configurable: true });
  }
  return instance;
}

function normalisers(prototype: object, property: string | symbol): readonly Normalise[] {
  return (Reflect.getMetadata(NORMALISED, prototype, property) as readonly Normalise[] | undefined) ?? [];
}

function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
