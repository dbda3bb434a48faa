import 'reflect-metadata';

type Normalise = (value: unknown) => unknown;
type Class = new () => object;

const NORMALISED = Symbol('normalise');
const NESTED = Symbol('nested');

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
